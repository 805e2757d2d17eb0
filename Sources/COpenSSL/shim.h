// OpenSSL 3, for TLS in EventLoop. What OpenSSL has as macros alone is given as functions here.
#pragma once

#include <openssl/bio.h>
#include <openssl/buffer.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static inline int copenssl_set_min_tls12(SSL_CTX *context) {
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}

static inline void copenssl_no_session_cache(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline void copenssl_set_mode(SSL_CTX *context) {
    // Idle connections give their 34 KB of buffers back.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

static inline int copenssl_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

/// What a memory BIO holds, without taking it out.
static inline long copenssl_bio_data(BIO *bio, char **data) {
    return BIO_get_mem_data(bio, data);
}

static inline void copenssl_bio_clear(BIO *bio) {
    (void)BIO_reset(bio);
}

/// The memory that a memory BIO has taken, in bytes.
static inline long copenssl_bio_capacity(BIO *bio) {
    BUF_MEM *memory = NULL;
    BIO_get_mem_ptr(bio, &memory);
    return memory == NULL ? 0 : (long)memory->max;
}

/// Gives back the memory of an empty memory BIO that has grown beyond `most` bytes.
static inline void copenssl_bio_shrink(BIO *bio, long most) {
    if (BIO_ctrl_pending(bio) > 0 || copenssl_bio_capacity(bio) <= most) return;
    BUF_MEM *fresh = BUF_MEM_new();
    if (fresh != NULL) BIO_set_mem_buf(bio, fresh, BIO_CLOSE);
}

/// An empty memory BIO means "later", not the end.
static inline void copenssl_bio_is_open(BIO *bio) {
    BIO_set_mem_eof_return(bio, -1);
}

/// The reason of an error, without the library that it comes from.
static inline int copenssl_reason(unsigned long error) {
    return ERR_GET_REASON(error);
}

static inline int copenssl_is_ssl_error(unsigned long error) {
    return ERR_GET_LIB(error) == ERR_LIB_SSL;
}

/// Writes the DNS names and IP addresses that a certificate is for, or its common name when it lists none, with ", "
/// between them, ended by a zero byte; what does not fit is left out.
static inline void copenssl_certificate_names(X509 *certificate, char *text, size_t room) {
    size_t used = 0;
    text[0] = 0;
    GENERAL_NAMES *names = (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int index = 0; names != NULL && index < sk_GENERAL_NAME_num(names); index++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
        char one[256] = "";
        if (name->type == GEN_DNS) {
            int length = ASN1_STRING_length(name->d.dNSName);
            if (length > 0 && length < (int)sizeof one) {
                memcpy(one, ASN1_STRING_get0_data(name->d.dNSName), (size_t)length);
                one[length] = 0;
            }
        } else if (name->type == GEN_IPADD) {
            int length = ASN1_STRING_length(name->d.iPAddress);
            inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), one,
                      length == 4 || length == 16 ? sizeof one : 0);
        }
        size_t length = strlen(one);
        if (length == 0 || used + length + 3 > room) continue;
        if (used > 0) {
            memcpy(text + used, ", ", 2);
            used += 2;
        }
        memcpy(text + used, one, length + 1);
        used += length;
    }
    if (names != NULL) GENERAL_NAMES_free(names);
    if (used == 0 && room > 0
        && X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text, (int)room) < 0) {
        text[0] = 0;
    }
}

/// Writes a certificate's beginning (0) or end (1) as `2026-07-01 12:00 UTC`.
static inline void copenssl_certificate_time(X509 *certificate, int end, char *text, size_t room) {
    struct tm time;
    const ASN1_TIME *value = end ? X509_get0_notAfter(certificate) : X509_get0_notBefore(certificate);
    text[0] = 0;
    if (ASN1_TIME_to_tm(value, &time) == 1) strftime(text, room, "%Y-%m-%d %H:%M UTC", &time);
}

/// Writes the common name of who issued a certificate, or all of the issuer's name when it has none.
static inline void copenssl_certificate_issuer(X509 *certificate, char *text, size_t room) {
    X509_NAME *issuer = X509_get_issuer_name(certificate);
    text[0] = 0;
    if (X509_NAME_get_text_by_NID(issuer, NID_commonName, text, (int)room) < 0) {
        X509_NAME_oneline(issuer, text, (int)room);
    }
}
