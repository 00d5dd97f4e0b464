#include "report.h"

#include <stdlib.h>

struct viewer_bytes viewer_bytes(unsigned viewers) {
  size_t size = (viewers + 1) * sizeof(uint64_t);
  return (struct viewer_bytes){.bytes = allocate(size), .rates = allocate(size)};
}

void viewer_bytes_add(struct viewer_bytes *all, uint64_t bytes, uint64_t rate, bool open) {
  all->sum += bytes;
  if (!open) return;
  all->rates[all->count] = rate;
  all->bytes[all->count++] = bytes;
}

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

void view_report_begin(const struct view_report *r, struct viewer_bytes *all) {
  uint64_t *bytes = all->bytes, *rates = all->rates;
  unsigned n = all->count;
  qsort(bytes, n, sizeof *bytes, by_value);
  qsort(rates, n, sizeof *rates, by_value);
  printf("{\"role\":\"play\",\"protocol\":\"%s\",\"asked\":%u", r->protocol, r->options->count);
  printf(",\"open\":%u,\"failed\":%u,\"closedEarly\":%u,\"firstFailure\":", r->open, r->failed, r->closed_early);
  if (r->first_failure) json_string(r->first_failure, stdout);
  else printf("null");
  printf(",\"seconds\":%.3f,\"bytes\":%llu,\"mbps\":%.2f", r->seconds, (unsigned long long)all->sum,
    r->seconds > 0 ? (double)all->sum * 8 / 1e6 / r->seconds : 0);
  printf(",\"perPlayerBytes\":{\"min\":%llu,\"median\":%llu},\"perPlayerMbps\":{\"min\":%.4f,\"median\":%.4f}",
    (unsigned long long)bytes[0], (unsigned long long)bytes[n / 2], (double)rates[0] / 1e6, (double)rates[n / 2] / 1e6);
  printf(",\"worstGapMillis\":%.1f", (double)r->worst_gap / 1e6);
  free(bytes);
  free(rates);
}

void report_histogram(const char *name, const struct histogram *h) {
  printf(",\"%s\":{\"count\":%llu,\"p50\":%.2f,\"p99\":%.2f,\"max\":%.2f}", name, (unsigned long long)h->count,
    histogram_millis(h, 0.5), histogram_millis(h, 0.99), histogram_max_millis(h));
}

void checked_begin(const struct view_report *r) {
  unsigned checked = r->options->check < r->options->count ? r->options->check : r->options->count;
  printf(",\"checked\":{\"connections\":%u,\"frames\":%llu,\"skippedFrames\":%llu,\"errors\":%u,\"reasons\":[", checked,
    (unsigned long long)r->frames, (unsigned long long)r->skipped, r->errors);
}

void checked_reason(unsigned at, unsigned viewer, failure why) {
  printf("%s{\"viewer\":%u,\"what\":", at ? "," : "", viewer);
  json_string(why, stdout);
  printf("}");
}

void view_report_end(const struct self *self) {
  printf("]},");
  self_report(self, stdout);
  printf("}\n");
}
