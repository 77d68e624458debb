#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_s3_sign.py > s3_sign_values.inc: signatures of requests to S3 as botocore, Amazon's own client, computes them."""
import datetime
import json

import botocore
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from unittest import mock

CASES = [  # method, host, path, query, region, body, at, access key, secret key, session token
    ("GET", "examplebucket.s3.amazonaws.com", "/test.txt", "", "us-east-1", "", 1369353600, "AKIAIOSFODNN7EXAMPLE",
     "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None),
    ("PUT", "127.0.0.1:4568", "/bucket/some/prefix/ab/abcdef", "", "eu-central-1", "Welcome to S3.", 1795000000, "S3RVER", "S3RVER", None),
    ("GET", "s3.example", "/bucket/", "list-type=2&prefix=some%2Fprefix%2F&start-after=some%2Fprefix%2Fab", "us-west-2", "", 1700000000, "a",
     "b/c+d", "a token=="),
    ("DELETE", "s3.example:9000", "/b/k-._~1", "", "x", "", 951782400, "key", "secret", None),
    ("HEAD", "h", "/b/k", "", "us-east-1", "", 4102444799, "key", "secret", "t"),
]


def sign(method, host, path, query, region, body, at, access, secret, token):
    url = f"http://{host}{path}" + (f"?{query}" if query else "")
    request = AWSRequest(method=method, url=url, data=body.encode(), headers={"Host": host})
    request.context.update({"payload_signing_enabled": True, "client_config": None})
    when = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).replace(tzinfo=None)
    with mock.patch("botocore.auth.get_current_datetime", return_value=when):
        S3SigV4Auth(Credentials(access, secret, token), "s3", region).add_auth(request)
    return request.headers["Authorization"].split("Signature=")[1]


def main():
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print(f"/* Made by make_s3_sign.py with botocore {botocore.__version__}. */")
    print("static const struct s3_sign_case {\n    const char *method, *host, *path, *query, *region, *body;\n    int64_t at_s;")
    print("    const char *access_key, *secret_key, *session_token, *signature;\n} s3_sign_cases[] = {")
    for case in CASES:
        words = ["NULL" if v is None else str(v) if isinstance(v, int) else json.dumps(v) for v in (*case, sign(*case))]
        print("    {" + ",\n     ".join(words) + "},")
    print("};")


main()
