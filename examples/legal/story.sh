#!/usr/bin/env bash
# A law department produces the documents of one matter, once, to named counsel; what must be kept for the
# court cannot be erased until the hold ends.
source "$(dirname "$0")/../story.sh"
begin legal acme.example/legal

verity token issue --recipient "Counsel for the plaintiff" --purpose dpv:LegalCompliance \
  --policy legal-hold-discovery --allow schema,query,export,verify,audit \
  --table 'documents:*' --lifetime 24h --max-exports 1 --out "$DIR/counsel.jwt"

echo "== Answered: documents of the matter, nothing privileged"
ask counsel "SELECT id, matter, privileged, custodian, subject_line FROM documents LIMIT 60"
holds '"2026-118",false'
lacks '"2025-077"|"2026-118",true'

echo "== Refused: the attorneys' notes"
ask counsel "SELECT attorney_notes FROM documents"
holds '"code":"ERR_QUERY_UNKNOWN_COLUMN"'

echo "== Produced once, and verified by the other side with the log's key"
verity log key > "$DIR/log.key"
produce() {
  verity export --token-file "$DIR/counsel.jwt" --out "$1" \
    --sql "SELECT id, matter, custodian, sent_on, subject_line FROM documents"
}
produce "$DIR/production.zip"
verity verify "$DIR/production.zip" --key-file "$DIR/log.key"
refused ERR_KERNEL_TOKEN_SPENT produce "$DIR/second.zip"

echo "== Under a hold nobody erases; when it ends, the custodian may be forgotten"
verity sql "SELECT custodian FROM documents WHERE matter = '2026-118' LIMIT 1" --json \
  | grep -oE '"[A-Z][a-z]+ [A-Z][a-z]+"' | tr -d '"' > "$DIR/subject.txt"
HOLD=$(verity hold place @"$DIR/subject.txt" --reason "matter 2026-118")
erase() {
  verity erase @"$DIR/subject.txt" --basis "GDPR Art. 17(1)(a)" --approved-by "general counsel" \
    --confirm acme.example/legal
}
refused ERR_KERNEL_HELD erase
verity hold release "$HOLD"
erase
verity verify "$DIR/production.zip" --key-file "$DIR/log.key" > "$DIR/again.txt"
echo "The story holds."
