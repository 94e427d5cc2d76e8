/*
 * A client that is wrong on purpose: it fetches one URL N times, one after
 * another, and lets libcurl set and restore the handler of SIGPIPE around each
 * transfer, as it does unless CURLOPT_NOSIGNAL is set. With "off" it is right.
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t drop(const char *data, size_t size, size_t count, void *user)
{
    (void)data, (void)user;
    return size * count;
}

int main(int argc, char **argv)
{
    if (argc != 4 || (strcmp(argv[1], "on") != 0 && strcmp(argv[1], "off") != 0)) {
        fprintf(stderr, "Usage: %s on|off URL N\n", argv[0]);
        return 2;
    }
    long off = strcmp(argv[1], "off") == 0, n = strtol(argv[3], NULL, 10);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return 3;
    CURL *easy = curl_easy_init();
    bool good = easy != NULL && curl_easy_setopt(easy, CURLOPT_NOSIGNAL, off) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_URL, argv[2]) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop) == CURLE_OK;
    for (long i = 0; i < n && good; i++)
        good = curl_easy_perform(easy) == CURLE_OK;
    curl_easy_cleanup(easy);
    curl_global_cleanup();
    if (!good)
        fprintf(stderr, "%s: %s could not be fetched\n", argv[0], argv[2]);
    return good ? 0 : 1;
}
