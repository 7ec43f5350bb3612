# What the stories of this folder share: a database of its own, its server, and assertions. To be sourced.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
DIR=$(mktemp -d)
export VERITYD_DATA=$DIR/database
SERVER=
trap 'test -z "$SERVER" || { kill "$SERVER" 2>/dev/null && wait "$SERVER" || true; }; rm -rf "$DIR"' EXIT

verity() { npm run -s verity -- "$@"; }

# begin TEMPLATE ORIGIN: makes the database and starts its server, on any free port.
begin() {
  verity init "$VERITYD_DATA" --template "$1" --origin "$2"
  verity start --port 0 > "$DIR/server.out" 2> "$DIR/server.log" & SERVER=$!
  until test -f "$VERITYD_DATA/server.json"; do sleep 0.2; done
  URL=$(sed -n 's/.*HTTP API *\(http[^ ]*\)\/v1.*/\1/p' "$DIR/server.out")
}

# ask TOKEN SQL: asks over HTTP, as a recipient does; shows the answer and keeps it.
ask() {
  curl -sS "$URL/v1/query" -H "Authorization: Bearer $(cat "$DIR/$1.jwt")" \
    -H 'Content-Type: application/json' -d "{\"sql\": \"$2\"}" > "$DIR/answer.json"
  cat "$DIR/answer.json"
  echo
}

# holds PATTERN, lacks PATTERN: of the last answer. (`! command` would assert nothing under `set -e`.)
holds() { grep -qE -- "$1" "$DIR/answer.json" || fail "the answer lacks $1"; }
lacks() { if grep -qE -- "$1" "$DIR/answer.json"; then fail "the answer holds $1"; fi; }

# refused CODE COMMAND…: the command ends with another code than 0, and tells this one.
refused() {
  local code=$1
  shift
  if "$@" > "$DIR/refused.txt" 2>&1; then fail "not refused: $*"; fi
  cat "$DIR/refused.txt"
  grep -qE -- "$code" "$DIR/refused.txt" || fail "refused, but not with $code"
}

fail() {
  echo "The story does not hold: $*" >&2
  exit 1
}
