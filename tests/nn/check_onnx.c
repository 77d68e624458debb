/* SPDX-License-Identifier: Apache-2.0 */
/* Test cases in the form of ONNX's own: check_onnx FOLDER, check_onnx FOLDER CASE..., check_onnx --networks FOLDER.
 *
 * Each is a model with inputs and the outputs it must give. Cases of the operators we have are run twice, by the definitions in C
 * alone and as networks are run, and must agree within the tolerance of the standard's own backend tests (rtol 1e-3, atol 1e-7;
 * onnx.backend.test.runner). Prints how many ran and passed, and which operators are refused. Fails when a case fails that was not
 * refused, or fewer pass than PASSED_LEAST in the whole of the data.
 *
 * --networks: every case of FOLDER as networks are run, against what tests/oracle/nn/export_*.py had PyTorch compute; the
 * largest difference must stay below 1e-4 of the largest value, and none may be refused. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/folder.h"
#include "nn/network.h"
#include "nn/onnx.h"

enum { TENSORS = 32, BYTES_MOST = 1 << 28, REFUSED_MOST = 256, PASSED_LEAST = 848, SKIPPED = 77 };

static const char *const families[] = {"node", "pytorch-converted", "pytorch-operator", "simple"};

enum outcome { PASSED, FAILED, REFUSED, OUTCOMES };

/* How values are compared, and which ways of running are. */
struct rule {
    bool networks;
};
static const struct rule official = {false}, whole_networks = {true};

struct tally {
    int counts[OUTCOMES];
    int constants; /* cases that passed with an input given as a constant */
    char refused[REFUSED_MOST][64];
    int refused_counts[REFUSED_MOST];
    int refused_kinds;
};

static void note_refused(struct tally *t, const char *why) {
    for (int i = 0; i < t->refused_kinds; i++) {
        if (strcmp(t->refused[i], why) == 0) {
            t->refused_counts[i]++;
            return;
        }
    }
    if (t->refused_kinds < REFUSED_MOST) {
        snprintf(t->refused[t->refused_kinds], sizeof t->refused[0], "%.63s", why);
        t->refused_counts[t->refused_kinds++] = 1;
    }
}

/* "operator If is not supported" without the node's name; other reasons by their end. */
static void reason_of(char *out, size_t size, const lk_error *err) {
    const char *colon = strstr(err->text, ": ");
    const char *text = colon ? colon + 2 : err->text;
    const char *op = strchr(err->text, '(');
    if (strncmp(text, "operator ", 9) == 0) {
        snprintf(out, size, "%.*s", (int)strcspn(text + 9, " "), text + 9);
    } else if (op && op < text) {
        snprintf(out, size, "%.*s: %.40s", (int)strcspn(op + 1, ")"), op + 1, text);
    } else {
        snprintf(out, size, "%.60s", text);
    }
}

/* input_0.pb, input_1.pb, ... */
static lk_status read_tensors(struct tensor *out, int *count, const char *folder, const char *word,
                              lk_error *err) {
    lk_status status = LK_OK;
    for (*count = 0; status == LK_OK && *count < TENSORS; ++*count) {
        char path[4096];
        lk_bytes bytes;
        snprintf(path, sizeof path, "%s/%s_%d.pb", folder, word, *count);
        if (access(path, R_OK) != 0) {
            break;
        }
        status = file_read(&bytes, path, BYTES_MOST, NULL, err);
        if (status == LK_OK) {
            status = onnx_read_tensor(&out[*count], bytes.data, bytes.size, BYTES_MOST, err);
            lk_bytes_release(&bytes);
        }
    }
    return status;
}

/* The largest difference as a share of the largest value; where all values are zero, the difference. */
static double largest_share(const struct tensor *a, const struct tensor *b) {
    double difference = 0, value = 0;
    for (int64_t i = 0; i < tensor_count(a); i++) {
        double got = tensor_number(a, i), wanted = tensor_number(b, i);
        difference = fmax(difference, isnan(got) ? INFINITY : fabs(got - wanted));
        value = fmax(value, fabs(wanted));
    }
    return value > 0 ? difference / value : difference;
}

static bool close_enough(const struct tensor *a, const struct tensor *b, const struct rule *rule,
                         char *why, size_t size) {
    if (a->type != b->type || !tensor_same_shape(a, b)) {
        char x[128], y[128];
        tensor_describe(x, sizeof x, a);
        tensor_describe(y, sizeof y, b);
        snprintf(why, size, "gives %.100s, not %.100s", x, y);
        return false;
    }
    if (rule->networks) {
        double share = largest_share(a, b);
        snprintf(why, size, "differs by %.2g of the largest value", share);
        printf("    output of %lld values %s\n", (long long)tensor_count(a), why);
        return share <= 1e-4;
    }
    for (int64_t i = 0; i < tensor_count(a); i++) {
        double got = tensor_number(a, i), wanted = tensor_number(b, i);
        bool equal = (isnan(got) && isnan(wanted)) || (isinf(wanted) && got == wanted) ||
                     fabs(got - wanted) <= 1e-7 + 1e-3 * fabs(wanted);
        if (!equal) {
            snprintf(why, size, "element %lld is %g, not %g", (long long)i, got, wanted);
            return false;
        }
    }
    return true;
}

/* How much of the inputs is given as constants: shapes and the like must be, for operators whose outputs' shapes they decide. */
enum binding { BIND_NONE, BIND_SHAPES, BIND_BUT_FIRST, BIND_ALL, BINDINGS };

static bool is_bound(enum binding binding, int i, const struct tensor *t) {
    return binding == BIND_ALL || (binding == BIND_BUT_FIRST && i > 0) ||
           (binding == BIND_SHAPES && t->type == TENSOR_I64 && t->rank <= 1);
}

static lk_status build(struct network **n, const lk_bytes *model, const struct tensor *inputs,
                       int input_count, enum binding binding, bool plain, lk_error *err) {
    struct graph g;
    struct tensor given[TENSORS];
    struct network_options o = {
        .threads = 1, .memory_bytes = BYTES_MOST, .cpu = cpu_level_best(), .plain = plain};
    lk_status status = onnx_read(&g, model->data, model->size, BYTES_MOST, err);
    if (status != LK_OK) {
        return status;
    }
    if (g.input_count > input_count) {
        snprintf(err->text, sizeof err->text, "case: inputs are left out");
        graph_release(&g);
        return LK_E_FORMAT;
    }
    for (int i = 0; i < g.input_count; i++) {
        given[i] = tensor_of(inputs[i].type, inputs[i].rank, inputs[i].dims);
        given[i].data = is_bound(binding, i, &inputs[i]) ? inputs[i].data : NULL;
    }
    return network_new(n, &g, given, NULL, 0, &o, err);
}

static enum outcome run_way(const lk_bytes *model, struct tensor *inputs, int input_count,
                            const struct tensor *outputs, int output_count, bool plain,
                            const struct rule *rule, enum binding *used, char *why, size_t size) {
    struct network *n = NULL;
    lk_error err = {0};
    lk_status status = LK_E_FORMAT;
    for (int b = BIND_NONE; status != LK_OK && b < BINDINGS; b++) {
        err = (lk_error){0};
        status = build(&n, model, inputs, input_count, (enum binding)b, plain, &err);
        *used = (enum binding)b;
        if (status != LK_OK && !strstr(err.text, "must be a constant")) {
            break;
        }
    }
    if (status != LK_OK) {
        reason_of(why, size, &err);
        if (status != LK_E_FORMAT) {
            snprintf(why, size, "%.200s", err.text);
        }
        return status == LK_E_FORMAT ? REFUSED : FAILED;
    }
    for (int i = 0; i < input_count; i++) {
        struct tensor *to = network_input(n, i);
        if (tensor_bytes(&inputs[i]) > 0) {
            memcpy(to->data, inputs[i].data, tensor_bytes(&inputs[i]));
        }
    }
    enum outcome outcome = PASSED;
    if (network_run(n, &err) != LK_OK) {
        snprintf(why, size, "%.200s", err.text);
        outcome = FAILED;
    }
    for (int i = 0; outcome == PASSED && i < output_count; i++) {
        outcome =
            close_enough(network_output(n, i), &outputs[i], rule, why, size) ? PASSED : FAILED;
    }
    network_free(n);
    return outcome;
}

/* By the definitions, and as networks are run. */
static enum outcome run_both(const lk_bytes *model, struct tensor *inputs, int input_count,
                             const struct tensor *outputs, int output_count, enum binding *used,
                             char *why, size_t size) {
    enum outcome outcome = run_way(model, inputs, input_count, outputs, output_count, true,
                                   &official, used, why, size);
    if (outcome == PASSED) {
        outcome = run_way(model, inputs, input_count, outputs, output_count, false, &official, used,
                          why, size);
        outcome = outcome == REFUSED ? FAILED : outcome;
    }
    return outcome;
}

static enum outcome run_case(const char *folder, const char *name, const struct rule *rule,
                             struct tally *t) {
    char path[4096], why[256] = "";
    struct tensor inputs[TENSORS] = {{0}}, outputs[TENSORS] = {{0}};
    int input_count = 0, output_count = 0;
    lk_bytes model = {0};
    lk_error err = {0};
    enum binding used = BIND_NONE;
    enum outcome outcome = REFUSED;
    snprintf(path, sizeof path, "%s/%s/model.onnx", folder, name);
    lk_status status = file_read(&model, path, BYTES_MOST, NULL, &err);
    snprintf(path, sizeof path, "%s/%s/test_data_set_0", folder, name);
    struct graph g;
    if (status == LK_OK) { /* an operator we do not have is told before the inputs are looked at */
        status = onnx_read(&g, model.data, model.size, BYTES_MOST, &err);
    }
    if (status == LK_OK) {
        graph_release(&g);
        status = read_tensors(inputs, &input_count, path, "input", &err);
    }
    if (status == LK_OK) {
        status = read_tensors(outputs, &output_count, path, "output", &err);
    }
    if (status != LK_OK) {
        reason_of(why, sizeof why, &err);
    } else if (rule->networks) {
        printf("%s\n", name);
        outcome = run_way(&model, inputs, input_count, outputs, output_count, false, rule, &used,
                          why, sizeof why);
    } else {
        outcome =
            run_both(&model, inputs, input_count, outputs, output_count, &used, why, sizeof why);
    }
    if (outcome == REFUSED) {
        note_refused(t, why);
    }
    if (outcome == FAILED) {
        printf("FAILED %s: %s\n", name, why);
    }
    t->constants += outcome == PASSED && used != BIND_NONE;
    t->counts[outcome]++;
    for (int i = 0; i < TENSORS; i++) {
        tensor_release(&inputs[i]);
        tensor_release(&outputs[i]);
    }
    lk_bytes_release(&model);
    return outcome;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int run_folder(const char *folder, const struct rule *rule, struct tally *t) {
    struct dirent **names;
    int count = scandir(folder, &names, NULL, by_name), cases = 0;
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.') {
            run_case(folder, names[i]->d_name, rule, t);
            cases++;
        }
        free(names[i]);
    }
    if (count >= 0) {
        free(names);
    }
    return cases;
}

static void run_family(const char *data, const char *family, struct tally *all) {
    char folder[4096];
    struct tally t = {0};
    snprintf(folder, sizeof folder, "%s/%s", data, family);
    int cases = run_folder(folder, &official, &t);
    printf("%-18s %4d cases: %d passed (%d with constant inputs), %d failed, %d refused\n", family,
           cases, t.counts[PASSED], t.constants, t.counts[FAILED], t.counts[REFUSED]);
    for (int i = 0; i < OUTCOMES; i++) {
        all->counts[i] += t.counts[i];
    }
    for (int i = 0; i < t.refused_kinds; i++) {
        for (int k = 0; k < t.refused_counts[i]; k++) {
            note_refused(all, t.refused[i]);
        }
    }
}

static void print_refused(const struct tally *t) {
    for (int i = 0; i < t->refused_kinds; i++) {
        printf("%s%s (%d)%s", i == 0 ? "refused: " : "", t->refused[i], t->refused_counts[i],
               i + 1 < t->refused_kinds ? ", " : "\n");
    }
    printf("%d passed, %d failed, %d refused\n", t->counts[PASSED], t->counts[FAILED],
           t->counts[REFUSED]);
}

static int check_networks(const char *folder) {
    static struct tally t;
    run_folder(folder, &whole_networks, &t);
    print_refused(&t);
    return t.counts[FAILED] > 0 || t.counts[REFUSED] > 0 || t.counts[PASSED] == 0;
}

int main(int argc, char **argv) {
    static struct tally all;
    if (argc == 3 && strcmp(argv[1], "--networks") == 0) {
        return check_networks(argv[2]);
    }
    if (argc < 2 || access(argv[1], R_OK) != 0) {
        printf("no ONNX cases at %s (Debian: libonnx-testdata): skipped\n",
               argc > 1 ? argv[1] : "-");
        return SKIPPED;
    }
    for (int i = 2; i < argc; i++) {
        run_case(argv[1], argv[i], &official, &all);
    }
    for (size_t f = 0; argc == 2 && f < sizeof families / sizeof *families; f++) {
        run_family(argv[1], families[f], &all);
    }
    print_refused(&all);
    return all.counts[FAILED] > 0 || (argc == 2 && all.counts[PASSED] < PASSED_LEAST);
}
