/* SPDX-License-Identifier: Apache-2.0 */
/* The Louvain method (Blondel, Guillaume, Lambiotte and Lefebvre 2008). Points move, one after the other, to the group of a partner
 * that raises modularity
 *     Q = sum over groups of  inside / 2m - resolution (all / 2m)^2
 * most (inside: weight of ties within, each counted from both ends; all: of ties of its points; 2m: of all), until none wants to;
 * then each group becomes a point, and so on, until nothing joins. Points are taken in the order of their numbers, and ties between
 * equal gains go to the group with the smaller number, so the outcome is the same each time.
 *
 * Why this and not k-means or a density of the map: it asks the neighbours among the vectors, so a map that tore something apart
 * does not decide; it needs no number of groups and no scale; and its groups are islands or quarters of islands of the map, since
 * UMAP draws the same graph. Oracle: networkx' modularity, tests/oracle/map/make_map.py. */
#include "map/community.h"

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"

enum { PASSES_MOST = 100, LEVELS_MOST = 50 };

#define GAIN_LEAST 1e-9 /* of 2m: below it, a move is rounding */

/* A graph whose points are groups: loops hold the weight inside, counted from both ends. */
struct level {
    int32_t count;
    int64_t *start;
    int32_t *to;
    double *weight, *loop; /* an edge, a point */
};

struct moving {
    const struct level *graph;
    int32_t *group;    /* a point */
    double *degree;    /* a point: weight of its ties, its loop included */
    double *all;       /* a group: of its points */
    double *into;      /* a group: from the point being moved; 0 between moves */
    int32_t *partners; /* groups that it is tied to */
    double twice_m, resolution;
};

static void level_release(struct level *l) {
    mem_free(l->start);
    mem_free(l->to);
    mem_free(l->weight);
    mem_free(l->loop);
    *l = (struct level){0};
}

static lk_status level_new(struct level *l, int32_t count, int64_t edges, lk_error *err) {
    *l = (struct level){.count = count};
    l->start = mem_calloc((size_t)count + 1, sizeof *l->start);
    l->to = mem_alloc((size_t)edges, sizeof *l->to);
    l->weight = mem_alloc((size_t)edges, sizeof *l->weight);
    l->loop = mem_calloc((size_t)count, sizeof *l->loop);
    return l->start && l->to && l->weight && l->loop
               ? LK_OK
               : error_memory(err, (size_t)edges * sizeof *l->weight);
}

/* Takes point i out of its group and puts it where it adds most. Returns whether that is elsewhere. */
static bool move_one(struct moving *m, int32_t i) {
    const struct level *g = m->graph;
    int32_t from = m->group[i], best = from, found = 0;
    for (int64_t e = g->start[i]; e < g->start[i + 1]; e++) {
        int32_t c = m->group[g->to[e]];
        if (m->into[c] == 0) {
            m->partners[found++] = c;
        }
        m->into[c] += g->weight[e];
    }
    m->all[from] -= m->degree[i];
    double scale = m->resolution * m->degree[i] / m->twice_m;
    double most = m->into[from] - scale * m->all[from], least_gain = GAIN_LEAST * m->twice_m;
    for (int32_t p = 0; p < found; p++) {
        int32_t c = m->partners[p];
        double gain = m->into[c] - scale * m->all[c];
        bool more = gain > most + least_gain;
        if (more || (gain == most && best != from && c < best)) {
            best = c;
            most = gain;
        }
    }
    for (int32_t p = 0; p < found; p++) {
        m->into[m->partners[p]] = 0;
    }
    m->all[best] += m->degree[i];
    m->group[i] = best;
    return best != from;
}

static void move_all(struct moving *m) {
    bool moved = true;
    for (int32_t pass = 0; moved && pass < PASSES_MOST; pass++) {
        moved = false;
        for (int32_t i = 0; i < m->graph->count; i++) {
            moved = move_one(m, i) || moved;
        }
    }
}

/* Numbers the groups in use from 0 by their first member; returns how many. numbers: room for count. */
static int32_t renumber(int32_t *group, int32_t count, int32_t *numbers) {
    int32_t used = 0;
    memset(numbers, 0xff, (size_t)count * sizeof *numbers);
    for (int32_t i = 0; i < count; i++) {
        int32_t *n = &numbers[group[i]];
        if (*n < 0) {
            *n = used++;
        }
        group[i] = *n;
    }
    return used;
}

/* The points of each group, group after group: members[begin[c]] .. */
static void list_members(int32_t *members, int32_t *begin, const int32_t *group, int32_t count,
                         int32_t groups) {
    memset(begin, 0, ((size_t)groups + 2) * sizeof *begin);
    for (int32_t i = 0; i < count; i++) {
        begin[group[i] + 2]++;
    }
    for (int32_t c = 0; c < groups; c++) {
        begin[c + 2] += begin[c + 1];
    }
    for (int32_t i = 0; i < count; i++) {
        members[begin[group[i] + 1]++] = i;
    }
}

/* The ties of one group, all its points' together. */
static int64_t gather(struct level *out, int64_t filled, const struct moving *m, int32_t c,
                      const int32_t *members, int32_t count) {
    const struct level *g = m->graph;
    int32_t found = 0;
    for (int32_t k = 0; k < count; k++) {
        int32_t i = members[k];
        out->loop[c] += g->loop[i];
        for (int64_t e = g->start[i]; e < g->start[i + 1]; e++) {
            int32_t other = m->group[g->to[e]];
            if (other == c) {
                out->loop[c] += g->weight[e];
                continue;
            }
            if (m->into[other] == 0) {
                m->partners[found++] = other;
            }
            m->into[other] += g->weight[e];
        }
    }
    for (int32_t p = 0; p < found; p++) {
        out->to[filled] = m->partners[p];
        out->weight[filled++] = m->into[m->partners[p]];
        m->into[m->partners[p]] = 0;
    }
    return filled;
}

/* out: the graph whose points are the groups of m. */
static lk_status join_groups(struct level *out, const struct moving *m, int32_t groups,
                             lk_error *err) {
    const struct level *g = m->graph;
    int32_t *members = mem_alloc((size_t)g->count, sizeof *members);
    int32_t *begin = mem_alloc((size_t)groups + 2, sizeof *begin);
    lk_status status = level_new(out, groups, g->start[g->count], err);
    if (status == LK_OK && !(members && begin)) {
        status = error_memory(err, (size_t)g->count * sizeof *members);
    }
    if (status == LK_OK) {
        int64_t filled = 0;
        list_members(members, begin, m->group, g->count, groups);
        for (int32_t c = 0; c < groups; c++) {
            out->start[c] = filled;
            filled = gather(out, filled, m, c, members + begin[c], begin[c + 1] - begin[c]);
        }
        out->start[groups] = filled;
    }
    mem_free(members);
    mem_free(begin);
    return status;
}

/* One level: groups of the points of `graph` into m->group. */
static void settle(struct moving *m, const struct level *graph) {
    m->graph = graph;
    for (int32_t i = 0; i < graph->count; i++) {
        m->group[i] = i;
        m->degree[i] = graph->loop[i];
        for (int64_t e = graph->start[i]; e < graph->start[i + 1]; e++) {
            m->degree[i] += graph->weight[e];
        }
        m->all[i] = m->degree[i];
        m->into[i] = 0;
    }
    move_all(m);
}

static lk_status climb(int32_t *community, int32_t *communities, struct level *g, struct moving *m,
                       int32_t *numbers, int32_t count, lk_error *err) {
    lk_status status = LK_OK;
    *communities = count;
    for (int32_t i = 0; i < count; i++) {
        community[i] = i;
    }
    for (int32_t at = 0; status == LK_OK && at < LEVELS_MOST; at++) {
        struct level joined = {0};
        settle(m, g);
        int32_t groups = renumber(m->group, g->count, numbers);
        for (int32_t i = 0; i < count; i++) {
            community[i] = m->group[community[i]];
        }
        if (groups == *communities) {
            break;
        }
        *communities = groups;
        status = join_groups(&joined, m, groups, err);
        level_release(g);
        *g = joined;
    }
    return status;
}

struct sized {
    int32_t community, members;
};

static int by_size(const void *a, const void *b) {
    const struct sized *p = a, *q = b;
    int order = (p->members < q->members) - (p->members > q->members);
    return order != 0 ? order : (p->community > q->community) - (p->community < q->community);
}

/* Numbers that follow the sizes. */
static lk_status sort_by_size(int32_t *community, int32_t communities, int32_t count,
                              lk_error *err) {
    struct sized *sizes = mem_calloc((size_t)communities, sizeof *sizes);
    int32_t *number = mem_alloc((size_t)communities, sizeof *number);
    bool there = sizes && number;
    for (int32_t i = 0; there && i < count; i++) {
        sizes[community[i]].community = community[i];
        sizes[community[i]].members++;
    }
    if (there) {
        qsort(sizes, (size_t)communities, sizeof *sizes, by_size);
        for (int32_t c = 0; c < communities; c++) {
            number[sizes[c].community] = c;
        }
        for (int32_t i = 0; i < count; i++) {
            community[i] = number[community[i]];
        }
    }
    mem_free(sizes);
    mem_free(number);
    return there ? LK_OK : error_memory(err, (size_t)communities * sizeof *sizes);
}

lk_status community_find(int32_t *community, int32_t *communities, const struct fuzzy_graph *graph,
                         double resolution, lk_error *err) {
    size_t count = (size_t)graph->count;
    int64_t edges = graph->start[graph->count];
    struct level g;
    struct moving m = {.resolution = resolution};
    lk_status status = level_new(&g, graph->count, edges, err);
    m.group = mem_alloc(count, sizeof *m.group);
    m.degree = mem_alloc(count, sizeof *m.degree);
    m.all = mem_alloc(count, sizeof *m.all);
    m.into = mem_alloc(count, sizeof *m.into);
    m.partners = mem_alloc(count, sizeof *m.partners);
    int32_t *numbers = mem_alloc(count, sizeof *numbers);
    if (status == LK_OK && !(m.group && m.degree && m.all && m.into && m.partners && numbers)) {
        status = error_memory(err, count * sizeof *m.degree);
    }
    if (status == LK_OK) {
        memcpy(g.start, graph->start, (count + 1) * sizeof *g.start);
        memcpy(g.to, graph->to, (size_t)edges * sizeof *g.to);
        for (int64_t e = 0; e < edges; e++) {
            g.weight[e] = (double)graph->weight[e];
            m.twice_m += g.weight[e];
        }
        status = climb(community, communities, &g, &m, numbers, graph->count, err);
    }
    status = status == LK_OK ? sort_by_size(community, *communities, graph->count, err) : status;
    level_release(&g);
    mem_free(m.group);
    mem_free(m.degree);
    mem_free(m.all);
    mem_free(m.into);
    mem_free(m.partners);
    mem_free(numbers);
    return status;
}

double community_modularity(const struct fuzzy_graph *graph, const int32_t *community,
                            int32_t communities, double resolution, double *scratch) {
    double inside = 0, all = 0, q = 0;
    memset(scratch, 0, (size_t)communities * sizeof *scratch);
    for (int32_t i = 0; i < graph->count; i++) {
        for (int64_t e = graph->start[i]; e < graph->start[i + 1]; e++) {
            double w = (double)graph->weight[e];
            all += w;
            inside += community[i] == community[graph->to[e]] ? w : 0;
            scratch[community[i]] += w;
        }
    }
    for (int32_t c = 0; all > 0 && c < communities; c++) {
        q -= resolution * (scratch[c] / all) * (scratch[c] / all);
    }
    return all > 0 ? q + inside / all : 0;
}
