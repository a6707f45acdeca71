/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * netname: the one canonical form of domains, addresses, networks and URLs. Pure functions over
 * bytes that may come from anybody. Input is refanged already; blanks around it are not.
 */
#ifndef TOC_NETNAME_H
#define TOC_NETNAME_H

#include "base.h"

/* Longest domain in text form without the trailing dot, bytes (RFC 1035 2.3.4). */
#define TOC_DOMAIN_BYTES_MAX 253u
/* Longest label, bytes (RFC 1035 2.3.4). */
#define TOC_LABEL_BYTES_MAX 63u
/* Canonical form of an address or network: 16 address bytes (IPv4 as ::ffff:a.b.c.d, RFC 4291
 * 2.5.5.2), one prefix length byte (0 to 128; IPv4 is 96 to 128). */
#define TOC_ADDRESS_BYTES 17u
/* Longest text of an address or network with the final NUL: 39 characters, slash, three digits. */
#define TOC_ADDRESS_TEXT_BYTES_MAX 48u

/* An address or network as written. */
struct toc_address {
    uint8_t bytes[TOC_ADDRESS_BYTES];
    uint16_t port; /* 0: none */
};

/* Lower-case A-labels without the trailing dot of a name with at least two labels, the last of
 * which is no number. Raw IDN goes through UTS 46 (libidn2); letters, digits, hyphen and underscore
 * count as host characters, because real names of attackers do not keep to RFC 952.
 * Gives the length; 0 when it is no domain name. */
size_t toc_domain_make(struct toc_span text, uint8_t out[static TOC_DOMAIN_BYTES_MAX + 1]);
/* Reversed labels of a canonical domain with a dot after each: www.example.com gives
 * "com.example.www.". All names below a domain share its reversed form as prefix.
 * Gives the length, domain.len + 1; 0 when domain is empty or longer than TOC_DOMAIN_BYTES_MAX. */
size_t toc_domain_reverse(struct toc_span domain, uint8_t out[static TOC_DOMAIN_BYTES_MAX + 1]);

/* 1.2.3.4, 1.2.3.4:80, 1.2.3.0/24, 2001:db8::1, [2001:db8::1]:80, 2001:db8::/32. Host bits of a
 * network are cleared. Gives *out; false when it is none (nothing written). */
bool toc_address_make(struct toc_span text, struct toc_address *out);
/* Whether the prefix covers one address alone. */
bool toc_address_is_single(const uint8_t address[static TOC_ADDRESS_BYTES]);
/* First and last address of a canonical address or network. */
void toc_address_range(const uint8_t address[static TOC_ADDRESS_BYTES], uint8_t first[static 16],
                       uint8_t last[static 16]);
/* Text without /32 and /128 (RFC 5952). Gives the length without the NUL. */
size_t toc_address_text(const uint8_t address[static TOC_ADDRESS_BYTES],
                        char out[static TOC_ADDRESS_TEXT_BYTES_MAX]);

/* Normalised URL (RFC 3986 6.2.2, 6.2.3): scheme and host in lower case, host as A-labels or
 * canonical address, no default port, percent encoding in upper case and only where needed, no dot
 * segments, "/" for an empty path. Without a scheme "http" is assumed. Bytes that may not stand in
 * a URL are percent-encoded. Needs room for three times text.len and 16 bytes more. Gives the
 * length; 0 when it is no URL with a host. */
size_t toc_url_make(struct toc_span text, struct toc_room out);
/* The host of a normalised URL as it stands in it, without brackets; empty when there is none. */
struct toc_span toc_url_host(struct toc_span url);
/* Length of "scheme://" at the start; 0 when there is none (RFC 3986 3.1). */
size_t toc_url_scheme(struct toc_span text);

#endif
