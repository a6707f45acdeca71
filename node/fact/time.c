/* SPDX-License-Identifier: EUPL-1.2 */
#include "fact.h"

#include <string.h>

#define MS_PER_DAY (INT64_C(24) * 60 * 60 * 1000)

/* Reads exactly `digits` digits; -1 when there are others. */
static int32_t take_number(struct toc_span *text, size_t digits)
{
    int32_t value = 0;
    if (text->len < digits) {
        return -1;
    }
    for (size_t i = 0; i < digits; i++) {
        if (text->at[i] < '0' || text->at[i] > '9') {
            return -1;
        }
        value = value * 10 + (text->at[i] - '0');
    }
    text->at += digits;
    text->len -= digits;
    return value;
}

static bool take_byte(struct toc_span *text, uint8_t a, uint8_t b)
{
    if (text->len == 0 || (text->at[0] != a && text->at[0] != b)) {
        return false;
    }
    text->at++;
    text->len--;
    return true;
}

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar (H. Hinnant's
 * days_from_civil, https://howardhinnant.github.io/date_algorithms.html). */
static int64_t days_of(int32_t year, int32_t month, int32_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool take_date(struct toc_span *text, int64_t *ms)
{
    static const int32_t lengths[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int32_t year = take_number(text, 4);
    if (year < 0 || !take_byte(text, '-', '/')) {
        return false;
    }
    int32_t month = take_number(text, 2);
    if (month < 1 || month > 12 || !take_byte(text, '-', '/')) {
        return false;
    }
    int32_t day = take_number(text, 2);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day < 1 || day > lengths[month - 1] || (month == 2 && day == 29 && !leap)) {
        return false;
    }
    *ms = days_of(year, month, day) * MS_PER_DAY;
    return true;
}

static bool take_clock(struct toc_span *text, int64_t *ms)
{
    int32_t hour = take_number(text, 2);
    if (hour < 0 || hour > 23 || !take_byte(text, ':', ':')) {
        return false;
    }
    int32_t minute = take_number(text, 2);
    if (minute < 0 || minute > 59) {
        return false;
    }
    int32_t second = 0;
    if (take_byte(text, ':', ':')) {
        second = take_number(text, 2);
        if (second < 0 || second > 60) {
            return false;
        }
    }
    *ms += ((int64_t)hour * 60 + minute) * 60000 + (int64_t)second * 1000;
    if (take_byte(text, '.', ',')) {
        int64_t scale = 100;
        size_t digits = 0;
        while (text->len > 0 && text->at[0] >= '0' && text->at[0] <= '9') {
            *ms += (text->at[0] - '0') * scale;
            scale /= 10;
            text->at++;
            text->len--;
            digits++;
        }
        return digits > 0 && digits <= 9;
    }
    return true;
}

/* "Z", "+02:00", "+0200" or nothing, which is UTC. */
static bool take_zone(struct toc_span *text, int64_t *ms)
{
    if (text->len == 0 || take_byte(text, 'Z', 'z')) {
        return true;
    }
    int64_t sign = text->at[0] == '-' ? -1 : 1;
    if (!take_byte(text, '+', '-')) {
        return false;
    }
    int32_t hour = take_number(text, 2);
    (void)take_byte(text, ':', ':');
    int32_t minute = take_number(text, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) {
        return false;
    }
    *ms -= sign * ((int64_t)hour * 60 + minute) * 60000;
    return true;
}

struct toc_err toc_time_parse(struct toc_span text, struct toc_utc *out)
{
    int64_t ms = 0;
    bool good = take_date(&text, &ms);
    if (good && text.len > 0) {
        good = (take_byte(&text, 'T', 't') || take_byte(&text, ' ', ' ')) &&
               take_clock(&text, &ms) && take_zone(&text, &ms) && text.len == 0;
    }
    if (!good) {
        return toc_fail(TOC_SYNTAX, "not a date or time of RFC 3339");
    }
    out->ms = ms < 0 ? 0 : (uint64_t)ms;
    return toc_ok();
}
