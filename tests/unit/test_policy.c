/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: the fit beside scikit-learn's, the record of what is held back, what is written is read again, and what is refused. */
#include "tests/unit/harness.h"

#include <likeness/report.h>
#include <math.h>

#include "tests/unit/pattern.h"

enum { ROWS = 400, TERMS = 11 };

static const struct {
    double ridge, intercept, weights[TERMS];
} fits[] = {
#include "tests/oracle/policy/policy_values.inc"
};

/* As make_policy.py makes them. */
static void make_rows(lk_policy_row rows[ROWS]) {
    static const double weights[TERMS] = {4, 3, 2, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 1};
    for (uint32_t i = 0; i < ROWS; i++) {
        rows[i] = (lk_policy_row){.stars = 5};
        double sum = 4 * pattern_noise(i, TERMS, 0, 3) / 255.0;
        for (uint32_t k = 0; k < TERMS; k++) {
            rows[i].evidence.values[k] = pattern_noise(i, k, 0, 3) / 255.0;
            sum += weights[k] * rows[i].evidence.values[k];
        }
        rows[i].is_genuine = sum > 9.45;
    }
}

static void test_fit_as_sklearn(void **state) {
    (void)state;
    static lk_policy_row rows[ROWS];
    lk_error err;
    assert_int_equal(lk_evidence_count(), TERMS);
    make_rows(rows);
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) {
        lk_policy p = {.same_from = 0.9, .different_below = 0.1, .stars_least = 3};
        assert_ok(lk_policy_fit(&p, rows, ROWS, fits[i].ridge, &err));
        assert_true(fabs(p.intercept - fits[i].intercept) < 1e-4);
        for (int32_t k = 0; k < TERMS; k++) {
            assert_true(fabs(p.weights[k] - fits[i].weights[k]) < 1e-4);
        }
    }
}

/* The record counted once more, row by row. */
static void assert_record(const lk_policy *p, const lk_policy_row rows[ROWS]) {
    double impostors = 0, different = 0, same = 0;
    for (int32_t i = 0; i < ROWS; i++) {
        if (rows[i].is_held && !rows[i].is_genuine) {
            double value = lk_policy_probability(p, &rows[i].evidence);
            impostors++;
            different += value < p->different_below && rows[i].stars >= p->stars_least;
            same += value >= p->same_from;
        }
    }
    assert_true(different > 0 && different < impostors - same);
    assert_true(p->record.different_of_impostors == different / impostors);
    assert_true(p->record.same_of_impostors == same / impostors);
}

/* The tenths counted once more: every pair held back is in the one that its probability lies in. */
static void assert_reliability(const lk_policy *p, const lk_policy_row rows[ROWS]) {
    for (int32_t k = 0; k < LK_POLICY_BINS; k++) {
        const lk_policy_bin *bin = &p->record.reliability[k];
        double pairs = 0, genuine = 0, said = 0;
        for (int32_t i = 0; i < ROWS; i++) {
            double value = lk_policy_probability(p, &rows[i].evidence);
            if (rows[i].is_held && value >= k / 10.0 && value < (k + 1) / 10.0) {
                pairs++;
                genuine += rows[i].is_genuine;
                said += value;
            }
        }
        assert_true((double)bin->pairs == pairs && (double)bin->genuine == genuine);
        assert_true(fabs(bin->said * fmax(pairs, 1) - said) < 1e-9);
    }
}

/* What speaks for a genuine pair is never weighed against it, and what is held back is not fitted on. */
static void test_fit_rules(void **state) {
    (void)state;
    static lk_policy_row rows[ROWS];
    lk_error err;
    make_rows(rows);
    for (int32_t i = 0; i < ROWS; i++) {
        rows[i].evidence.values[0] *= -1;
        rows[i].is_held = i % 4 == 0;
        rows[i].stars = i % 8 == 0 ? 1 : 5; /* half of them are too poor to be different */
    }
    lk_policy p = {.same_from = 0.5, .different_below = 0.5, .stars_least = 3}, again = p;
    assert_ok(lk_policy_fit(&p, rows, ROWS, 1, &err));
    assert_true(p.weights[0] == 0 && p.weights[1] > 0);
    assert_int_equal(p.record.genuine + p.record.impostors, ROWS / 4);
    assert_true(p.record.brier > 0 && p.record.brier < 0.25);
    assert_true(p.record.same_of_genuine > 0.5);
    assert_true(p.record.same_of_genuine + p.record.different_of_genuine < 1);
    assert_record(&p, rows);
    assert_reliability(&p, rows);
    for (int32_t i = 0; i < ROWS; i += 4) {
        rows[i].is_genuine = !rows[i].is_genuine;
    }
    assert_ok(lk_policy_fit(&again, rows, ROWS, 1, &err));
    assert_memory_equal(p.weights, again.weights, sizeof p.weights);
    for (int32_t i = 0; i < ROWS; i++) {
        rows[i].is_genuine = true;
    }
    assert_refused(LK_E_USAGE, lk_policy_fit(&again, rows, ROWS, 1, &err));
    assert_says(&err, "both kinds are needed");
}

static void test_written_and_read(void **state) {
    (void)state;
    lk_error err;
    lk_policy p, again;
    lk_bytes text;
    assert_ok(lk_policy_built_in(&p, "photos", &err));
    assert_true(p.record.genuine > 0 && p.record.impostors > 0);
    assert_ok(lk_policy_write(&text, &p, &err));
    assert_ok(lk_policy_parse(&again, text.data, text.size, &err));
    lk_bytes_release(&text);
    assert_memory_equal(&p, &again, sizeof p);
    assert_refused(LK_E_USAGE, lk_policy_built_in(&p, "photo", &err));
    assert_says(&err, "no policy is called photo");
}

/* A policy of an older likeness does not tell its reliability; what is written of it must be what was read, since verdicts name
 * the digest of that. */
static void test_without_reliability(void **state) {
    (void)state;
    lk_error err;
    lk_policy p, again;
    lk_bytes text, page;
    assert_ok(lk_policy_built_in(&p, "photos", &err));
    assert_int_equal(p.record.reliability[0].pairs, 600);
    assert_ok(lk_report_policy_html(&page, &p, &err));
    assert_non_null(memmem(page.data, page.size, "Reliability diagram", 19));
    lk_bytes_release(&page);
    memset(p.record.reliability, 0, sizeof p.record.reliability);
    assert_ok(lk_policy_write(&text, &p, &err));
    assert_null(memmem(text.data, text.size, "reliability", 11));
    assert_ok(lk_policy_parse(&again, text.data, text.size, &err));
    assert_memory_equal(&p, &again, sizeof p);
    lk_bytes_release(&text);
    strcpy(p.notes, "<b>&");
    assert_ok(lk_report_policy_html(&page, &p, &err));
    assert_null(memmem(page.data, page.size, "<circle", 7));
    assert_null(memmem(page.data, page.size, "<b>", 3));
    assert_non_null(memmem(page.data, page.size, "Not known", 9));
    lk_bytes_release(&page);
}

/* The first of these is replaced by the second in a document that is right. */
static const struct {
    const char *from, *to, *complaint;
} changes[] = {
    {"likeness/policy/1", "likeness/policy/2", "\"schema\" is not likeness/policy/1"},
    {"\"version\": 2", "\"version\": 1.5", "\"version\" is not a whole number of 1"},
    {"\"same_from\": 0.95", "\"same_from\": 1.5", "\"same_from\" is not a number of 0 to 1"},
    {"\"same_from\": 0.95", "\"same_from\": 0.01", "\"different_below\" is above"},
    {"\"name\": \"photos\"", "\"name\": 7", "\"name\" is no text"},
    {"\"name\": \"spread\"", "\"name\": \"inliers\"", "\"inliers\", which is weighed twice"},
    {"\"name\": \"spread\"", "\"name\": \"faith\"", "\"faith\", which is no evidence"},
    {"\"weight\"", "\"wait\"", "\"inliers\" is not weighed by numbers"},
    {"\"scale\"", "\"skale\"", "\"inliers\" is not weighed by numbers"},
    {"\"record\"", "\"accord\"", "\"genuine\" is not a whole number"},
    {"\"evidence\"", "\"evident\"", "\"evidence\" is no list"},
    {"\"reliability\"", "\"reliability\": 1, \"more\"", "\"reliability\" is no list of ten"},
    {"\"pairs\": 600", "\"pairs\": 601", "\"reliability\" is no list of ten"},
    {"\"said\"", "\"say\"", "\"reliability\" is no list of ten"},
    {"{", "[", "not JSON"},
};

static void test_refused(void **state) {
    (void)state;
    lk_error err;
    lk_policy p;
    lk_bytes text;
    assert_ok(lk_policy_built_in(&p, "photos", &err));
    p.same_from = 0.95;
    assert_ok(lk_policy_write(&text, &p, &err));
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char made[8192];
        const char *at = strstr((const char *)text.data, changes[i].from);
        assert_non_null(at);
        snprintf(made, sizeof made, "%.*s%s%s", (int)(at - (const char *)text.data),
                 (const char *)text.data, changes[i].to, at + strlen(changes[i].from));
        assert_refused(LK_E_CORRUPT, lk_policy_parse(&p, made, strlen(made), &err));
        assert_says(&err, changes[i].complaint);
    }
    lk_bytes_release(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fit_as_sklearn),   cmocka_unit_test(test_fit_rules),
        cmocka_unit_test(test_written_and_read), cmocka_unit_test(test_without_reliability),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
