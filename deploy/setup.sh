#!/bin/sh
# Makes what compose.yaml starts with, where it is not there yet: the database, a witness, and the policy
# by which the one asks the other. Run twice it changes nothing.
set -eu
DATA=${DATA:-/data} WITNESS=${WITNESS:-/witness} KEYS=${KEYS:-/keys}

test -f "$DATA/verity.json" || verity init "$DATA" --origin "${VERITY_ORIGIN:-localhost/verity}"
verity --data "$DATA" log key > "$KEYS/log.key"
test -d "$WITNESS/w1" || verity witness init "$WITNESS/w1" --name "${WITNESS_NAME:-localhost/w1}"
verity witness key "$WITNESS/w1" > "$KEYS/w1.key"
cat > "$KEYS/witness.policy" <<POLICY
log $(cat "$KEYS/log.key")
witness w1 $(cat "$KEYS/w1.key") ${WITNESS_URL:-http://witness:7430/}
quorum w1
POLICY
