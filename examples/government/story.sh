#!/usr/bin/env bash
# An agency answers a freedom of information request: what was granted, not to whom; no case that is open,
# nothing confidential. Readers check the newspaper's copy, and that the agency took nothing back.
source "$(dirname "$0")/../story.sh"
begin government agency.example/grants

verity token issue --recipient "The Daily" --purpose dpv:FulfilmentOfObligation \
  --policy government-foi --allow schema,query,export,verify,audit \
  --table 'grants:*' --lifetime 7d --out "$DIR/daily.jwt"

echo "== Answered: closed cases, sums in bands, months instead of days"
ask daily "SELECT id, programme, decided_on, amount, status FROM grants LIMIT 60"
holds '"closed"'
lacks '"open"|[0-9]{4}-[0-9]{2}-[0-9]{2}"'

echo "== Refused: who applied"
ask daily "SELECT applicant FROM grants"
holds '"code":"ERR_QUERY_UNKNOWN_COLUMN"'

echo "== A bundle for the newspaper, which every reader can check"
verity log key > "$DIR/log.key"
verity export --token-file "$DIR/daily.jwt" --out "$DIR/bundle.zip" --csv \
  --sql "SELECT id, programme, decided_on, amount FROM grants"
verity verify "$DIR/bundle.zip" --key-file "$DIR/log.key"

echo "== Nothing was taken back since: the log has only grown"
verity log checkpoint > "$DIR/held.checkpoint"
verity sql "SELECT COUNT(*) FROM grants" --purpose "annual report"
verity log consistency --from "$DIR/held.checkpoint" > "$DIR/grown.proof"
verity log verify-consistency "$DIR/grown.proof" --from "$DIR/held.checkpoint" --key "$DIR/log.key"
echo "The story holds."
