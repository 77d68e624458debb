/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: what RFC 4180 allows, and each way of breaking it with its line. */
#include "tests/unit/harness.h"

#include "base/csv.h"
#include "base/mem.h"

static lk_status parse(struct csv *out, const char *text, size_t size, lk_error *err) {
    lk_bytes bytes = {mem_alloc(size + 1, 1), size};
    memcpy(bytes.data, text, size);
    bytes.data[size] = '\0';
    return csv_parse(out, &bytes, err);
}

#define PARSE(csv, text) parse(csv, text, sizeof text - 1, &err)

/* All rows as text: cells in brackets, a blank behind a row. */
static const char *flat(char *out, size_t size, const struct csv *csv) {
    size_t at = 0;
    out[0] = '\0';
    for (int32_t i = -1; i < csv->rows; i++) {
        for (int32_t k = 0; k < csv->columns; k++) {
            at += (size_t)snprintf(out + at, size - at, "[%s]", csv_at(csv, i, k));
        }
        at += (size_t)snprintf(out + at, size - at, " ");
    }
    return out;
}

static void assert_table(const char *text, const char *wanted) {
    lk_error err;
    struct csv csv;
    char got[256];
    assert_ok(parse(&csv, text, strlen(text), &err));
    assert_string_equal(flat(got, sizeof got, &csv), wanted);
    csv_release(&csv);
}

static void test_tables(void **state) {
    (void)state;
    assert_table("a,b\n1,2\n3,4\n", "[a][b] [1][2] [3][4] ");
    assert_table("a,b\r\n1,2\r\n3,4", "[a][b] [1][2] [3][4] ");
    assert_table("\xef\xbb\xbf\"a\",b\n\n1,\n", "[a][b] [1][] ");
    assert_table("a,b\n\"x, y\",\"he said \"\"no\"\"\"\n", "[a][b] [x, y][he said \"no\"] ");
    assert_table("a,b\n\"two\nlines\",\"\"\n,", "[a][b] [two\nlines][] [][] ");
    assert_table("a\n\"\"\n x \n", "[a] [] [ x ] ");
    assert_table("a,b", "[a][b] ");
}

static void test_lines_and_columns(void **state) {
    (void)state;
    lk_error err;
    struct csv csv;
    assert_ok(PARSE(&csv, "label,file\n\n\"1\n\",2\r\n\r\n3,4\n"));
    assert_int_equal(csv.lines[0], 3);
    assert_int_equal(csv.lines[1], 6);
    assert_int_equal(csv_column(&csv, "path file"), 1);
    assert_int_equal(csv_column(&csv, "label class"), 0);
    assert_int_equal(csv_column(&csv, "lab fil"), -1);
    csv_release(&csv);
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *names;
    } cases[] = {{"a,b\n1\n", "line 2"},          {"a,b\n1,2\n3,4,5\n", "line 3"},
                 {"a\n\"1\n2\n", "line 2"},       {"a\n\"1\"2\n", "line 2"},
                 {"a\n\"1\n2\"3\n", "line 3"},    {"a\n1\"\n", "line 2"},
                 {"a\n1\r2\n", "line 2"},         {"", "heading"},
                 {"\xef\xbb\xbf\n\n", "heading"}, {"a,\"", "line 1"}};
    lk_error err;
    struct csv csv;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_refused(LK_E_CORRUPT, parse(&csv, cases[i].text, strlen(cases[i].text), &err));
        assert_non_null(strstr(err.text, cases[i].names));
        assert_null(csv.cells);
    }
    assert_refused(LK_E_CORRUPT, PARSE(&csv, "a\n1\0002\n"));
    char wide[2 * CSV_COLUMNS_MAX + 2];
    memset(wide, ',', sizeof wide);
    assert_refused(LK_E_LIMIT, parse(&csv, wide, CSV_COLUMNS_MAX, &err));
    assert_ok(parse(&csv, wide, CSV_COLUMNS_MAX - 1, &err));
    csv_release(&csv);
    assert_refused(LK_E_IO, csv_read(&csv, "/no/such/table.csv", &err));
    assert_string_equal(err.input, "/no/such/table.csv");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_lines_and_columns),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
