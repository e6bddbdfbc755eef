"""Evaluates conditions on tags with celgcp: JSON lines in, JSON lines out.

In:  {"expression": "resource.matchTag('1/env', 'prod')", "tags": [["1/env", "prod"], ["tagKeys/1", "tagValues/2"]]}
Out: {"result": true}, or {"error": "..."} where celgcp gives no value.
"""

import json
import logging
import sys

import celpy
from celgcp.celgcp import CELEvaluator


def evaluate(expression, tags):
    resource = {"name": "", "Tags": [{key: value} for key, value in tags]}
    return bool(CELEvaluator(expression).evaluate({"resource": celpy.json_to_cel(resource)}))


def main():
    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        case = json.loads(line)
        try:
            answer = {"result": evaluate(case["expression"], case["tags"])}
        except Exception as error:  # celpy raises errors of many kinds
            answer = {"error": type(error).__name__}
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
