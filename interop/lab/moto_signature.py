"""What AWS's own client would put into the Authorization header of each request of a JSON list on stdin."""

import json
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def authorization(request):
    headers = dict(request["headers"])
    given = headers.pop("authorization")
    signed = given.split("SignedHeaders=")[1].split(",")[0].split(";")
    scope = given.split("Credential=")[1].split(",")[0].split("/")
    aws = AWSRequest(method=request["method"], url=request["url"], data=request.get("body", ""))
    for name, value in headers.items():
        if name in signed and name != "host":
            aws.headers[name] = value
    aws.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(Credentials(scope[0], request["secret"]), scope[3], scope[2])
    # Its own hash of the body: the one in the header must be the same.
    del aws.headers["x-amz-content-sha256"]
    payload = auth.payload(aws)
    assert payload == headers["x-amz-content-sha256"], (payload, headers["x-amz-content-sha256"])
    aws.headers["x-amz-content-sha256"] = payload
    signature = auth.signature(auth.string_to_sign(aws, auth.canonical_request(aws)), aws)
    names = auth.signed_headers(auth.headers_to_sign(aws))
    return f"AWS4-HMAC-SHA256 Credential={'/'.join(scope)}, SignedHeaders={names}, Signature={signature}"


json.dump([authorization(request) for request in json.load(sys.stdin)], sys.stdout)
