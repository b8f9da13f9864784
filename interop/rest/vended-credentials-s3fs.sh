#!/usr/bin/env bash
# vended-credentials-s3fs.sh     fetch s3fs once; prints a directory for PYTHONPATH, by which PyIceberg's FsspecFileIO, which
#                                has a catalog sign its requests, reaches S3
. "$(dirname "$0")/../lab/lab.sh"
S3FS_VERSION=2026.9.0 # of the same month as PyIceberg's fsspec

S3FS_ENV=$(venv s3fs "s3fs==$S3FS_VERSION")
echo "$S3FS_ENV"/lib/python3*/site-packages
