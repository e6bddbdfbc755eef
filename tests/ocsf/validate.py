"""Validates OCSF events: JSON lines in; `ok: N events` and exit code 0, or one `line N: path: message` per error and exit code 1.

Each line is one event of OCSF 1.8.0, of class 2004 (Detection Finding) or 7001 (Remediation Activity). Anything else is an
error: another version, an unknown class, a line that is no JSON object, an empty line. No input at all is `ok: 0 events`.

By the JSON Schema of the class with the profiles that `metadata.profiles` names, objects included:
  * required attributes are there, and at least one (or just one) of those of which an object needs one;
  * no attribute that the class or object does not have, or has only under a profile that the event does not name; only
    `unmapped` and attributes of the types `json_t` and `object` may hold anything;
  * types, lists, values of enumerations, patterns (addresses, e-mails, dates), lengths and ranges.

Beyond it, from the same schema, what a JSON Schema does not say:
  * the profiles are those of the class, each named once;
  * `type_uid` is `class_uid` * 100 + `activity_id`;
  * a text that stands beside an enumeration (`severity` beside `severity_id`) is the caption of its value; beside 99 (Other)
    it is there and is another word;
  * no deprecated attribute or value;
  * times are in milliseconds: a time before 1973 that is not 0 was meant in seconds;
  * the `name` of an observable is a way through attributes of the class to something in the event, and its `value` is found
    there.

Not checked: that recommended attributes are there, and that the values are true.
"""

import json
import sys
from functools import cache

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

VERSION = "1.8.0"
CLASSES = {2004: "detection_finding", 7001: "remediation_activity"}
OTHER = 99
# Milliseconds up to March 1973, seconds up to the year 5138.
SECONDS = range(1, 100_000_000_000)
LONGEST_MESSAGE = 300

SCHEMA = get_ocsf_schema(VERSION)


@cache
def validator(name, profiles):
    schema = OcsfJsonSchemaEmbedded(SCHEMA).get_class_schema(name, list(profiles))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def errors(line):
    """All that is wrong with a line, as (path, message)."""
    try:
        event = json.loads(line.rstrip(b"\r\n"))
    except ValueError as error:
        yield "$", f"no JSON: {error}"
        return
    if not isinstance(event, dict):
        yield "$", "no JSON object"
        return
    metadata = event.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    version, uid = metadata.get("version"), event.get("class_uid")
    if version != VERSION:
        yield "$.metadata.version", f"{json.dumps(version)} is not {json.dumps(VERSION)}"
        return
    if type(uid) is not int or uid not in CLASSES:
        yield "$.class_uid", f"{json.dumps(uid)} is none of {', '.join(map(str, CLASSES))}"
        return
    name = CLASSES[uid]
    profiles = metadata.get("profiles", [])
    if not isinstance(profiles, list) or not all(isinstance(p, str) for p in profiles):
        yield "$.metadata.profiles", "is no list of names"
        return
    for profile in sorted(set(profiles)):
        if profile not in SCHEMA["classes"][name]["profiles"]:
            yield "$.metadata.profiles", f"class {uid} has no profile {json.dumps(profile)}"
        if profiles.count(profile) > 1:
            yield "$.metadata.profiles", f"names {json.dumps(profile)} more than once"
    for error in validator(name, tuple(sorted(set(profiles)))).iter_errors(event):
        yield error.json_path, message(error)
    yield from beyond(event, SCHEMA["classes"][name], "$")
    activity, type_uid = event.get("activity_id"), event.get("type_uid")
    if isinstance(activity, int) and type_uid != uid * 100 + activity:
        yield "$.type_uid", f"{json.dumps(type_uid)} is not {uid * 100 + activity}"
    observables = event.get("observables")
    for i, observable in enumerate(observables if isinstance(observables, list) else []):
        if isinstance(observable, dict) and isinstance(observable.get("name"), str):
            yield from astray(event, SCHEMA["classes"][name], observable, f"$.observables[{i}]")


def message(error):
    """What jsonschema says, without the event in it where that can be long."""
    if error.validator in ("anyOf", "oneOf"):
        names = ", ".join(option["required"][0] for option in error.validator_value)
        return f"needs {'at least' if error.validator == 'anyOf' else 'just'} one of {names}"
    if error.validator == "pattern":
        return f"{json.dumps(error.instance)} does not match the pattern of its type"
    if len(error.message) > LONGEST_MESSAGE:
        return error.message[:LONGEST_MESSAGE] + "..."
    return error.message


def beyond(value, entity, path):
    """What a JSON Schema does not say, of one object and all in it."""
    for key, inner in value.items():
        attribute = entity["attributes"].get(key)
        if attribute is None:
            continue  # The JSON Schema has spoken.
        here = f"{path}.{key}"
        if attribute.get("@deprecated"):
            yield here, "is deprecated"
        if attribute["type"] == "timestamp_t" and isinstance(inner, int) and inner in SECONDS:
            yield here, f"{inner} looks like seconds: times are in milliseconds"
        choice = (attribute.get("enum") or {}).get(str(inner))
        beside = attribute.get("sibling")
        if choice and choice.get("@deprecated"):
            yield here, f"{inner} is deprecated"
        if choice and beside:
            caption, text = choice["caption"], value.get(beside)
            if inner == OTHER and text in (None, "", caption):
                yield here, f"{OTHER} needs {beside} to say what it is"
            elif inner != OTHER and beside in value and text != caption:
                yield f"{path}.{beside}", f"{json.dumps(text)} is not {json.dumps(caption)}, the caption of {key} {inner}"
        if "object_type" in attribute:
            inside = SCHEMA["objects"][attribute["object_type"]]
            items = [(f"{here}[{i}]", v) for i, v in enumerate(inner)] if isinstance(inner, list) else [(here, inner)]
            for place, item in items:
                if isinstance(item, dict):
                    yield from beyond(item, inside, place)


def astray(event, entity, observable, path):
    """An observable that does not lead to what it names: `a.b`, `a[].b` and `a[0].b` are its ways."""
    name, found = observable["name"], [event]
    for step in name.split("."):
        key, _, index = step.removesuffix("]").partition("[")
        attribute = entity["attributes"].get(key)
        if attribute is None:
            yield f"{path}.name", f"{json.dumps(name)} is no attribute of the class"
            return
        entity = SCHEMA["objects"].get(attribute.get("object_type"), {"attributes": {}})
        found = [v[key] for v in found if isinstance(v, dict) and key in v]
        found = [w for v in found for w in (v if isinstance(v, list) else [v])[chosen(index)]]
    if not found:
        yield f"{path}.name", f"{json.dumps(name)} leads nowhere"
    elif "value" in observable and observable["value"] not in [v if isinstance(v, str) else json.dumps(v) for v in found]:
        yield f"{path}.value", f"{json.dumps(observable['value'])} is not at {name}"


def chosen(index):
    """Which items of a list an index means: all without one, none where it is no number."""
    if index == "":
        return slice(None)
    return slice(int(index), int(index) + 1) if index.isdecimal() else slice(0, 0)


def main():
    lines = list(sys.stdin.buffer)
    wrong = [f"line {n}: {path}: {text}" for n, line in enumerate(lines, 1) for path, text in errors(line)]
    print("\n".join(wrong) or f"ok: {len(lines)} events")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
