/* SPDX-License-Identifier: MIT */
/* http_get.h - one HTTP request that ends with a context, for the examples that talk to a server: libcurl, and the
 * context as a file descriptor beside its socket. curl_global_init has to be called before the first thread is.
 *
 *   cc x.c $(pkg-config --cflags --libs weir libcurl) */
#ifndef HTTP_GET_H
#define HTTP_GET_H

#include <stdio.h>
#include <string.h>

#include <curl/curl.h>
#include <weir/weir.h>

#define HTTP_FAILED (-5000) /* not one of weir's codes: the reply's error says why */

struct http_reply {
    long status;
    char body[256]; /* what did not fit is left out */
    char error[CURL_ERROR_SIZE];
};

static size_t http_append(char *data, size_t one, size_t n, void *arg) {
    struct http_reply *reply = arg;
    size_t len = strlen(reply->body), room = sizeof reply->body - 1 - len;
    (void)one; /* 1 */
    memcpy(reply->body + len, data, n < room ? n : room);
    return n;
}

/* Lets the request go on until it or the context ends. */
static int http_perform(CURLM *multi, weir_eventfd *end, weir_ctx *ctx) {
    struct curl_waitfd ended = { weir_eventfd_fd(end), CURL_WAIT_POLLIN, 0 };
    for (int running = 1;;) {
        int rc = weir_ctx_err(ctx);
        if (rc < 0) return rc;
        if (curl_multi_perform(multi, &running) != CURLM_OK) return HTTP_FAILED;
        if (!running) return 0;
        if (curl_multi_poll(multi, &ended, 1, 60000, NULL) != CURLM_OK) return HTTP_FAILED;
    }
}

/* GETs url. Returns 0; ctx's error (ctx: not NULL); HTTP_FAILED: no answer, or a status of 400 or more. */
static inline int http_get(const char *url, struct http_reply *reply, weir_ctx *ctx) {
    weir_eventfd *end;
    int left, rc = weir_eventfd_new(&end, weir_ctx_waitable(ctx), WEIR_RECV, 0);
    if (rc < 0) return rc;
    CURLM *multi = curl_multi_init();
    CURL *easy = curl_easy_init();
    memset(reply, 0, sizeof *reply);
    rc = HTTP_FAILED;
    if (multi && easy) {
        (void)curl_easy_setopt(easy, CURLOPT_URL, url);
        (void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
        (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, reply->error);
        (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, http_append);
        (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, reply);
        (void)curl_multi_add_handle(multi, easy);
        rc = http_perform(multi, end, ctx);
        CURLMsg *msg = rc == 0 ? curl_multi_info_read(multi, &left) : NULL;
        if (msg && msg->data.result == CURLE_OK)
            (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply->status);
        if (rc == 0 && (reply->status == 0 || reply->status >= 400)) rc = HTTP_FAILED;
        if (reply->status >= 400)
            (void)snprintf(reply->error, sizeof reply->error, "HTTP status %ld", reply->status);
        (void)curl_multi_remove_handle(multi, easy);
    }
    curl_easy_cleanup(easy);
    (void)curl_multi_cleanup(multi);
    weir_eventfd_free(end);
    return rc;
}

#endif
