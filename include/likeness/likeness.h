/* SPDX-License-Identifier: Apache-2.0 */
/* likeness: do these two images show the same thing, how alike are they, and where do they differ? */
#ifndef LIKENESS_H
#define LIKENESS_H

#include <likeness/audit.h>
#include <likeness/collection.h>
#include <likeness/compare.h>
#include <likeness/contest.h>
#include <likeness/diff.h>
#include <likeness/dups.h>
#include <likeness/evaluate.h>
#include <likeness/evidence.h>
#include <likeness/feature.h>
#include <likeness/folder.h>
#include <likeness/hash.h>
#include <likeness/image.h>
#include <likeness/jobs.h>
#include <likeness/machine.h>
#include <likeness/map.h>
#include <likeness/map_page.h>
#include <likeness/measure.h>
#include <likeness/model.h>
#include <likeness/motion.h>
#include <likeness/record.h>
#include <likeness/report.h>
#include <likeness/simulate.h>
#include <likeness/status.h>
#include <likeness/store.h>
#include <likeness/tidy.h>
#include <likeness/train.h>
#include <likeness/tree.h>
#include <likeness/verify.h>
#include <likeness/watch.h>
#include <likeness/wavelet.h>

#endif
