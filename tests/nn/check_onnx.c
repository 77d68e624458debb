/* SPDX-License-Identifier: Apache-2.0 */
/* The official test cases of ONNX: check_onnx FOLDER [CASE...]. Each is a model with inputs and the outputs it must give. Cases of
 * the operators we have are run twice, by the definitions in C alone and as networks are run, and must agree with the standard's
 * own backend tests' tolerance (rtol 1e-3, atol 1e-7; onnx.backend.test.runner). Prints how many ran and passed, and which
 * operators are refused. Fails when a case fails that was not refused, or fewer pass than PASSED_LEAST in the whole of the data. */
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

enum { TENSORS = 32, BYTES_MOST = 1 << 28, REFUSED_MOST = 256, PASSED_LEAST = 480, SKIPPED = 77 };

static const char *const families[] = {"node", "pytorch-converted", "pytorch-operator", "simple"};

enum outcome { PASSED, FAILED, REFUSED, OUTCOMES };

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

static bool close_enough(const struct tensor *a, const struct tensor *b, char *why, size_t size) {
    if (a->type != b->type || !tensor_same_shape(a, b)) {
        char x[128], y[128];
        tensor_describe(x, sizeof x, a);
        tensor_describe(y, sizeof y, b);
        snprintf(why, size, "gives %.100s, not %.100s", x, y);
        return false;
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
                            enum binding *used, char *why, size_t size) {
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
        outcome = close_enough(network_output(n, i), &outputs[i], why, size) ? PASSED : FAILED;
    }
    network_free(n);
    return outcome;
}

static enum outcome run_case(const char *folder, const char *name, struct tally *t) {
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
    if (status == LK_OK) {
        outcome = run_way(&model, inputs, input_count, outputs, output_count, true, &used, why,
                          sizeof why);
    } else {
        reason_of(why, sizeof why, &err);
    }
    if (outcome == PASSED) {
        outcome = run_way(&model, inputs, input_count, outputs, output_count, false, &used, why,
                          sizeof why);
        outcome = outcome == REFUSED ? FAILED : outcome;
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

static void run_family(const char *data, const char *family, struct tally *all) {
    char folder[4096];
    struct dirent **names;
    struct tally t = {0};
    snprintf(folder, sizeof folder, "%s/%s", data, family);
    int count = scandir(folder, &names, NULL, by_name), cases = 0;
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.') {
            run_case(folder, names[i]->d_name, &t);
            cases++;
        }
        free(names[i]);
    }
    if (count >= 0) {
        free(names);
    }
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

int main(int argc, char **argv) {
    static struct tally all;
    if (argc < 2 || access(argv[1], R_OK) != 0) {
        printf("no ONNX cases at %s (Debian: libonnx-testdata): skipped\n",
               argc > 1 ? argv[1] : "-");
        return SKIPPED;
    }
    if (argc > 2) {
        for (int i = 2; i < argc; i++) {
            run_case(argv[1], argv[i], &all);
        }
        return all.counts[FAILED] > 0;
    }
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        run_family(argv[1], families[f], &all);
    }
    printf("refused:");
    for (int i = 0; i < all.refused_kinds; i++) {
        printf(" %s (%d)%s", all.refused[i], all.refused_counts[i],
               i + 1 < all.refused_kinds ? "," : "\n");
    }
    printf("%d passed, %d failed, %d refused\n", all.counts[PASSED], all.counts[FAILED],
           all.counts[REFUSED]);
    return all.counts[FAILED] > 0 || all.counts[PASSED] < PASSED_LEAST;
}
