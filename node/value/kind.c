/* SPDX-License-Identifier: EUPL-1.2 */
#include "parts.h"

#include <string.h>

/* Longest name of a kind in the table below, bytes, once marks are taken out. */
#define NAME_BYTES_MAX 32u

static const struct {
    const char *name;
    enum toc_value_class class;
} kinds[TOC_VALUE_KIND_COUNT] = {
#define KIND_ROW(name, text, class) {text, TOC_VALUE_CLASS_##class},
    TOC_VALUE_KINDS(KIND_ROW)
#undef KIND_ROW
};

/* Names that MISP, STIX, OpenIOC, ThreatFox, Zeek and the tables of CERTs and vendors use, in lower
 * case with everything but letters, digits and "|" taken out. */
static const struct {
    const char *name;
    enum toc_value_kind kind;
} synonyms[] = {
    {"hash", TOC_VALUE_NONE},
    {"hashes", TOC_VALUE_NONE},
    {"filehash", TOC_VALUE_NONE},
    {"intelfilehash", TOC_VALUE_NONE},
    {"file", TOC_VALUE_NONE},
    {"host", TOC_VALUE_NONE},
    {"address", TOC_VALUE_NONE},
    {"network", TOC_VALUE_NONE},
    {"indicator", TOC_VALUE_NONE},
    {"observable", TOC_VALUE_NONE},
    {"ioc", TOC_VALUE_NONE},
    {"c2", TOC_VALUE_NONE},
    {"cc", TOC_VALUE_NONE},
    {"c2server", TOC_VALUE_NONE},
    {"ccserver", TOC_VALUE_NONE},
    {"hostname", TOC_VALUE_DOMAIN},
    {"domains", TOC_VALUE_DOMAIN},
    {"domainname", TOC_VALUE_DOMAIN},
    {"fqdn", TOC_VALUE_DOMAIN},
    {"dns", TOC_VALUE_DOMAIN},
    {"onion", TOC_VALUE_DOMAIN},
    {"subdomain", TOC_VALUE_DOMAIN},
    {"dnsname", TOC_VALUE_DOMAIN},
    {"inteldomain", TOC_VALUE_DOMAIN},
    {"c2domain", TOC_VALUE_DOMAIN},
    {"ipaddress", TOC_VALUE_IP},
    {"ipaddr", TOC_VALUE_IP},
    {"ips", TOC_VALUE_IP},
    {"ipv4", TOC_VALUE_IP},
    {"ipv6", TOC_VALUE_IP},
    {"ipv4addr", TOC_VALUE_IP},
    {"ipv6addr", TOC_VALUE_IP},
    {"ipdst", TOC_VALUE_IP},
    {"ipsrc", TOC_VALUE_IP},
    {"ipport", TOC_VALUE_IP},
    {"ipv4port", TOC_VALUE_IP},
    {"ipdst|port", TOC_VALUE_IP},
    {"ipsrc|port", TOC_VALUE_IP},
    {"inteladdr", TOC_VALUE_IP},
    {"remoteip", TOC_VALUE_IP},
    {"subnet", TOC_VALUE_CIDR},
    {"netblock", TOC_VALUE_CIDR},
    {"intelsubnet", TOC_VALUE_CIDR},
    {"uri", TOC_VALUE_URL},
    {"urls", TOC_VALUE_URL},
    {"link", TOC_VALUE_REFERENCE},
    {"intelurl", TOC_VALUE_URL},
    {"emailaddr", TOC_VALUE_EMAIL},
    {"emailaddress", TOC_VALUE_EMAIL},
    {"emailsrc", TOC_VALUE_EMAIL},
    {"emaildst", TOC_VALUE_EMAIL},
    {"emailsender", TOC_VALUE_EMAIL},
    {"emailfrom", TOC_VALUE_EMAIL},
    {"sender", TOC_VALUE_EMAIL},
    {"mail", TOC_VALUE_EMAIL},
    {"intelemail", TOC_VALUE_EMAIL},
    {"whoisregistrantemail", TOC_VALUE_EMAIL},
    {"filemd5", TOC_VALUE_MD5},
    {"md5hash", TOC_VALUE_MD5},
    {"hashmd5", TOC_VALUE_MD5},
    {"filehashmd5", TOC_VALUE_MD5},
    {"sha", TOC_VALUE_SHA1},
    {"filesha1", TOC_VALUE_SHA1},
    {"sha1hash", TOC_VALUE_SHA1},
    {"hashsha1", TOC_VALUE_SHA1},
    {"filehashsha1", TOC_VALUE_SHA1},
    {"sha2", TOC_VALUE_SHA256},
    {"filesha256", TOC_VALUE_SHA256},
    {"sha256hash", TOC_VALUE_SHA256},
    {"sha256sum", TOC_VALUE_SHA256},
    {"hashsha256", TOC_VALUE_SHA256},
    {"filehashsha256", TOC_VALUE_SHA256},
    {"filesha512", TOC_VALUE_SHA512},
    {"hashsha512", TOC_VALUE_SHA512},
    {"fuzzyhash", TOC_VALUE_SSDEEP},
    {"intelfilename", TOC_VALUE_FILENAME},
    {"filenamepattern", TOC_VALUE_FILENAME},
    {"attachment", TOC_VALUE_FILENAME},
    {"processname", TOC_VALUE_FILENAME},
    {"filepath", TOC_VALUE_PATH},
    {"filepathname", TOC_VALUE_PATH},
    {"fullpath", TOC_VALUE_PATH},
    {"directory", TOC_VALUE_PATH},
    {"folder", TOC_VALUE_PATH},
    {"pdb", TOC_VALUE_PATH},
    {"pdbpath", TOC_VALUE_PATH},
    {"mutant", TOC_VALUE_MUTEX},
    {"mutexname", TOC_VALUE_MUTEX},
    {"namedmutex", TOC_VALUE_MUTEX},
    {"regkey", TOC_VALUE_REGISTRY},
    {"regkey|value", TOC_VALUE_REGISTRY},
    {"registrykey", TOC_VALUE_REGISTRY},
    {"registrypath", TOC_VALUE_REGISTRY},
    {"windowsregistrykey", TOC_VALUE_REGISTRY},
    {"winregistrykey", TOC_VALUE_REGISTRY},
    {"commandline", TOC_VALUE_COMMAND},
    {"commandlineparameter", TOC_VALUE_COMMAND},
    {"cmdline", TOC_VALUE_COMMAND},
    {"cmd", TOC_VALUE_COMMAND},
    {"process", TOC_VALUE_COMMAND},
    {"powershell", TOC_VALUE_COMMAND},
    {"ua", TOC_VALUE_USER_AGENT},
    {"httpuseragent", TOC_VALUE_USER_AGENT},
    {"x509fingerprintsha1", TOC_VALUE_CERTIFICATE},
    {"x509fingerprintsha256", TOC_VALUE_CERTIFICATE},
    {"x509fingerprintmd5", TOC_VALUE_CERTIFICATE},
    {"x509certificate", TOC_VALUE_CERTIFICATE},
    {"certsha1", TOC_VALUE_CERTIFICATE},
    {"certhash", TOC_VALUE_CERTIFICATE},
    {"certserial", TOC_VALUE_CERTIFICATE},
    {"cert", TOC_VALUE_CERTIFICATE},
    {"certificatethumbprint", TOC_VALUE_CERTIFICATE},
    {"thumbprint", TOC_VALUE_CERTIFICATE},
    {"intelcerthash", TOC_VALUE_CERTIFICATE},
    {"as", TOC_VALUE_ASN},
    {"autonomoussystem", TOC_VALUE_ASN},
    {"macaddr", TOC_VALUE_MAC},
    {"macaddress", TOC_VALUE_MAC},
    {"btc", TOC_VALUE_WALLET},
    {"xmr", TOC_VALUE_WALLET},
    {"dash", TOC_VALUE_WALLET},
    {"eth", TOC_VALUE_WALLET},
    {"bitcoin", TOC_VALUE_WALLET},
    {"bitcoinaddress", TOC_VALUE_WALLET},
    {"btcaddress", TOC_VALUE_WALLET},
    {"cryptocurrencywallet", TOC_VALUE_WALLET},
    {"walletaddress", TOC_VALUE_WALLET},
    {"iban", TOC_VALUE_BANK_ACCOUNT},
    {"bankaccountnr", TOC_VALUE_BANK_ACCOUNT},
    {"phonenumber", TOC_VALUE_PHONE},
    {"telephone", TOC_VALUE_PHONE},
    {"whoisregistrantphone", TOC_VALUE_PHONE},
    {"mobileapplicationid", TOC_VALUE_APP_ID},
    {"package", TOC_VALUE_APP_ID},
    {"packagename", TOC_VALUE_APP_ID},
    {"bundleid", TOC_VALUE_APP_ID},
    {"extensionid", TOC_VALUE_APP_ID},
    {"chromeextensionid", TOC_VALUE_APP_ID},
    {"appid", TOC_VALUE_APP_ID},
    {"vulnerability", TOC_VALUE_CVE},
    {"cves", TOC_VALUE_CVE},
    {"cveid", TOC_VALUE_CVE},
    {"threatactor", TOC_VALUE_ACTOR},
    {"group", TOC_VALUE_ACTOR},
    {"malwarefamily", TOC_VALUE_MALWARE},
    {"malwaretype", TOC_VALUE_MALWARE},
    {"attackpattern", TOC_VALUE_TECHNIQUE},
    {"ttp", TOC_VALUE_TECHNIQUE},
    {"mitre", TOC_VALUE_TECHNIQUE},
    {"attack", TOC_VALUE_TECHNIQUE},
    {"country", TOC_VALUE_TARGET},
    {"yara", TOC_VALUE_RULE},
    {"sigma", TOC_VALUE_RULE},
    {"snort", TOC_VALUE_RULE},
};

const char *toc_value_kind_name(enum toc_value_kind kind)
{
    TOC_ASSERT((unsigned)kind < TOC_VALUE_KIND_COUNT);
    return kinds[kind].name;
}

enum toc_value_class toc_value_class(enum toc_value_kind kind)
{
    TOC_ASSERT((unsigned)kind < TOC_VALUE_KIND_COUNT);
    return kinds[kind].class;
}

size_t toc_value_squeeze(struct toc_span name, char *out, size_t room)
{
    size_t len = 0;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = toc_value_lower(name.at[i]);
        if (!toc_value_is_digit(c) && !toc_value_is_alpha(c) && c != '|') {
            continue;
        }
        if (len + 1 >= room) {
            len = 0;
            break;
        }
        out[len++] = (char)c;
    }
    out[len] = '\0';
    return len;
}

enum toc_value_kind toc_value_kind_find(struct toc_span name)
{
    char wanted[NAME_BYTES_MAX + 1];
    char own[NAME_BYTES_MAX + 1];
    if (toc_value_squeeze(name, wanted, sizeof wanted) == 0) {
        return TOC_VALUE_OTHER;
    }
    for (size_t i = 1; i < TOC_VALUE_KIND_COUNT; i++) {
        if (toc_value_squeeze(toc_span_str(kinds[i].name), own, sizeof own) > 0 &&
            strcmp(wanted, own) == 0) {
            return (enum toc_value_kind)i;
        }
    }
    for (size_t i = 0; i < sizeof synonyms / sizeof synonyms[0]; i++) {
        if (strcmp(wanted, synonyms[i].name) == 0) {
            return synonyms[i].kind;
        }
    }
    return TOC_VALUE_OTHER;
}
