/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "cli/option.h"

struct sample {
    struct common common;
    bool flag;
    int32_t number, choice;
    double real;
    const char *text;
    struct text_list list;
};

#define AT(member) offsetof(struct sample, member)

static const struct option sample_options[] = {
    {"flag", 'f', OPTION_FLAG, NULL, NULL, "drapeau", "", AT(flag)},
    {"number", 'n', OPTION_INT, "N", NULL, NULL, "", AT(number)},
    {"choice", 0, OPTION_CHOICE, "WHICH", "red|green|blue", NULL, "", AT(choice)},
    {"real", 0, OPTION_NUMBER, "F", NULL, NULL, "", AT(real)},
    {"text", 't', OPTION_TEXT, "TEXT", NULL, NULL, "", AT(text)},
    {"list", 0, OPTION_LIST, "ITEM", NULL, NULL, "", AT(list)},
    OPTION_END,
};

/* Parses the words up to a NULL; message gets the complaint. */
static bool parse(struct sample *s, char message[256], const char *const *words) {
    char *argv[24] = {(char *)(uintptr_t) "command"};
    int argc = 1;
    for (; words[argc - 1]; argc++) {
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    }
    *s = (struct sample){0};
    message[0] = '\0';
    return options_parse(s, sample_options, argc, argv, message, 256);
}

#define PARSE(s, message, ...) parse(s, message, (const char *const[]){__VA_ARGS__, NULL})

static void every_kind_is_stored(void **state) {
    struct sample s;
    char message[256];
    (void)state;
    assert_true(PARSE(&s, message, "A", "--flag", "--number=12", "--choice", "blue", "B",
                      "--real=-1.5e3", "-tword", "--list=1", "--list", "2", "--json"));
    assert_true(s.flag);
    assert_true(s.common.json);
    assert_int_equal(s.number, 12);
    assert_int_equal(s.choice, 2);
    assert_true(s.real == -1500);
    assert_string_equal(s.text, "word");
    assert_int_equal(s.list.count, 2);
    assert_string_equal(s.list.items[1], "2");
    assert_int_equal(s.common.args.count, 2);
    assert_string_equal(s.common.args.items[1], "B");
    options_release(&s, sample_options);
}

static void letters_synonyms_and_negation(void **state) {
    struct sample s;
    char message[256];
    (void)state;
    assert_true(PARSE(&s, message, "-qfn3"));
    assert_true(s.common.quiet && s.flag && s.number == 3);
    assert_true(PARSE(&s, message, "--drapeau"));
    assert_true(s.flag);
    assert_true(PARSE(&s, message, "--flag", "--no-flag"));
    assert_false(s.flag);
    assert_true(PARSE(&s, message, "--", "--flag", "-"));
    assert_false(s.flag);
    assert_int_equal(s.common.args.count, 2);
    options_release(&s, sample_options);
}

static void mistakes_are_told(void **state) {
    static const struct {
        const char *word, *message;
    } table[] = {
        {"--flg", "--flg: no such option; did you mean --flag?"},
        {"--xyzzyx", "--xyzzyx: no such option"},
        {"--no-number", "--no-number: no such option; did you mean --number?"},
        {"-z", "-z: no such option"},
        {"--flag=yes", "--flag takes no value"},
        {"--number", "--number wants a value: N"},
        {"--number=", "--number takes a whole number, not "},
        {"--number=4x", "--number takes a whole number, not 4x"},
        {"--number=-4", "--number takes a whole number, not -4"},
        {"--number=99999999999999999999",
         "--number takes a whole number, not 99999999999999999999"},
        {"--real=nan", "--real takes a number, not nan"},
        {"--real=inf", "--real takes a number, not inf"},
        {"--choice=re", "--choice takes one of red|green|blue"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sample s;
        char message[256];
        assert_false(PARSE(&s, message, table[i].word));
        assert_string_equal(message, table[i].message);
        options_release(&s, sample_options);
    }
}

static void a_long_unknown_word_is_cut(void **state) {
    struct sample s;
    char message[256], word[2000];
    (void)state;
    memset(word, 'a', sizeof word);
    memcpy(word, "--", 2);
    word[sizeof word - 1] = '\0';
    assert_false(PARSE(&s, message, word));
    assert_true(strlen(message) < sizeof message);
    options_release(&s, sample_options);
}

static void amounts_have_suffixes(void **state) {
    double v;
    (void)state;
    assert_true(parse_amount(&v, "200M") && v == 200e6);
    assert_true(parse_amount(&v, "1.5k") && v == 1500);
    assert_true(parse_amount(&v, "2Gi") && v == 2147483648.0);
    assert_true(parse_amount(&v, "7") && v == 7);
    assert_false(parse_amount(&v, ""));
    assert_false(parse_amount(&v, "M"));
    assert_false(parse_amount(&v, "5 M"));
    assert_false(parse_amount(&v, "5MB"));
    assert_false(parse_amount(&v, "inf"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_stored),  cmocka_unit_test(letters_synonyms_and_negation),
        cmocka_unit_test(mistakes_are_told),     cmocka_unit_test(a_long_unknown_word_is_cut),
        cmocka_unit_test(amounts_have_suffixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
