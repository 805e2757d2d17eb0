// OpenSSL 3, for TLS in EventLoop. What OpenSSL has as macros alone is given as functions here.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
