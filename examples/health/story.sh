#!/usr/bin/env bash
# A clinic lets a university ask under HIPAA Safe Harbor, hands out a bundle that anybody can check, and
# forgets a patient who asks for it.
source "$(dirname "$0")/../story.sh"
begin health clinic.example/verity

verity token issue --recipient "Northfield University" --purpose dpv:ScientificResearch \
  --policy hipaa-safe-harbor --allow schema,query,export,verify,audit \
  --table 'patients:*' --table 'encounters:*' --lifetime 1h --max-exports 1 --out "$DIR/university.jwt"

echo "== Answered: years of birth, three digits of ZIP codes, random codes for ids"
ask university "SELECT id, birthdate, gender, zip FROM patients LIMIT 60"
holds '"rows":\[\['
lacks '[0-9]{4}-[0-9]{2}-[0-9]{2}"'
lacks '"(10001|60614|94110)"'

echo "== Refused: a social security number, as a column and as a filter"
ask university "SELECT ssn FROM patients"
holds '"code":"ERR_QUERY_UNKNOWN_COLUMN"'
ask university "SELECT id FROM patients WHERE ssn LIKE '999%'"
holds '"code":"ERR_QUERY_UNKNOWN_COLUMN"'

echo "== A bundle that verifies offline, with the log's key alone; the token was for one"
verity log key > "$DIR/log.key"
export_patients() {
  verity export --token-file "$DIR/university.jwt" --out "$1" \
    --sql "SELECT id, birthdate, gender, state, zip FROM patients"
}
export_patients "$DIR/bundle.zip"
verity verify "$DIR/bundle.zip" --key-file "$DIR/log.key"
refused ERR_KERNEL_TOKEN_SPENT export_patients "$DIR/second.zip"

echo "== A patient is erased: nothing of it can be opened any more, and the old bundle stays valid"
verity sql "SELECT id FROM patients LIMIT 1" --json | grep -oE '[0-9a-f]{8}-[0-9a-f-]{27}' > "$DIR/subject.txt"
verity erase @"$DIR/subject.txt" --basis "GDPR Art. 17(1)(b)" --approved-by "data protection officer" \
  --confirm clinic.example/verity
verity sql "SELECT COUNT(*) FROM patients" | tee "$DIR/answer.json"
holds '^ *59$'
verity verify "$DIR/bundle.zip" --key-file "$DIR/log.key" > "$DIR/again.txt"
verity log check

echo "== Who asked what, refusals too"
verity audit | tee "$DIR/answer.json"
holds 'Northfield University .* denied ERR_QUERY_UNKNOWN_COLUMN'
echo "The story holds."
