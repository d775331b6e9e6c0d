#!/bin/sh
# SPDX-License-Identifier: MIT
# unordered.sh PROGRAM [ARGUMENT...]: runs it at fixed addresses, where the system allows that.
if setarch -R true 2>/dev/null; then
    exec setarch -R "$@"
fi
exec "$@"
