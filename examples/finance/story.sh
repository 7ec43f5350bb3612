#!/usr/bin/env bash
# A bank shares patterns of suspicious transfers with two named banks, which may compare what they got and
# learn no customer's name; when the agreement ends, so do the tokens.
source "$(dirname "$0")/../story.sh"
begin finance firstbank.example/aml

issue() {
  verity token issue --recipient "$1" --purpose dpv:CounterMoneyLaundering \
    --policy finance-aml-sharing --allow schema,query,export,verify,audit \
    --table 'transfers:*' --lifetime 1h --out "$DIR/$2.jwt"
}

echo "== A bank that the policy does not name gets no token"
refused 'error ERR_' issue "Fourth Bank" fourth
issue "Second Bank" second
issue "Third Bank" third

echo "== Answered: risky transfers alone, customers by codes that both banks can compare"
SQL="SELECT id, customer, amount, country, risk FROM transfers LIMIT 60"
# Each bank gets the rows in an order of its own: the rows are the same.
rows() { grep -oE '\["[^]]+","\[[0-9]+,[0-9]+\)"\]' "$DIR/answer.json" | sort; }
ask second "$SQL"
holds '"rows":\[\['
lacks '"C-[0-9]{6}"'
lacks '"\[[0-6]?0,'
SECOND=$(rows)
ask third "$SQL" > "$DIR/third.txt"
test -n "$SECOND" && test "$SECOND" = "$(rows)" || fail "the two banks got other codes"

echo "== Refused: what the memo says"
ask second "SELECT memo FROM transfers"
holds '"code":"ERR_QUERY_UNKNOWN_COLUMN"'

echo "== An export that verifies"
verity log key > "$DIR/log.key"
verity export --token-file "$DIR/second.jwt" --out "$DIR/bundle.zip" \
  --sql "SELECT id, customer, counterparty, booked_on, amount, country, risk FROM transfers"
verity verify "$DIR/bundle.zip" --key-file "$DIR/log.key"

echo "== The agreement ends: the next question is refused, and the bundle that has left stays valid"
for ID in $(verity token list | grep -oE '^[0-9a-f]{32}'); do
  verity token revoke "$ID" --reason "agreement ended"
done
ask second "$SQL"
holds '"code":"ERR_KERNEL_TOKEN_REVOKED"'
verity verify "$DIR/bundle.zip" --key-file "$DIR/log.key" > "$DIR/again.txt"
echo "The story holds."
