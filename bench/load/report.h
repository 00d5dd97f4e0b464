/* The JSON object that viewers of any protocol print at their end. */
#ifndef REPORT_H
#define REPORT_H

#include "load.h"

/* Bytes in the window, of all viewers and of each that is still there. */
struct viewer_bytes {
  uint64_t sum, *bytes, *rates;
  unsigned count;
};
struct viewer_bytes viewer_bytes(unsigned viewers);
/* `rate`: bits a second. */
void viewer_bytes_add(struct viewer_bytes *all, uint64_t bytes, uint64_t rate, bool open);

struct view_report {
  const char *protocol;
  const struct options *options;
  unsigned open, failed, closed_early, errors;
  failure first_failure;
  double seconds;
  uint64_t worst_gap, frames, skipped;
};

/* In this order, with histograms and more between the first and the second; frees `bytes`. */
void view_report_begin(const struct view_report *report, struct viewer_bytes *bytes);
void report_histogram(const char *name, const struct histogram *h);
void checked_begin(const struct view_report *report);
void checked_reason(unsigned at, unsigned viewer, failure why);
void view_report_end(const struct self *self);

#endif
