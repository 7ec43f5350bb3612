"""Runs the independent verifier over cases that tests have kept, and prints verdicts as JSON by case."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "independent"))
from verify_bundle import Bundle, Key, Unreadable  # noqa: E402

found = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    case = json.loads(path.read_text())
    held = case["heldCheckpoint"]
    try:
        data = pathlib.Path(case["bundle"]).read_bytes()
        bundle = Bundle(data, Key(case["verifierKey"]), None if held is None else held.encode())
        found[path.name] = {"verdicts": bundle.run(), "failures": bundle.failures}
    except Unreadable as error:
        found[path.name] = {"verdicts": None, "failures": str(error)}
print(json.dumps(found))
