#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Logistic regression by scikit-learn: make_policy.py > policy_values.inc

Row i has the numbers noise(i, k) / 255, k < TERMS; it is genuine when weighed with WEIGHTS and more noise they exceed a limit."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

import pattern

ROWS, TERMS = 400, 11
WEIGHTS = np.array([4, 3, 2, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 1])

values = pattern.noise(ROWS, TERMS + 1, 1, 3)[:, :, 0].T / 255.0  # row i, number k; the last one is noise of the label
numbers, extra = values[:, :TERMS], values[:, TERMS]
genuine = numbers @ WEIGHTS + 4 * extra > 9.45
standard = (numbers - numbers.mean(0)) / numbers.std(0)

print("/* SPDX-License-Identifier: Apache-2.0 */")
print(f"/* Written by make_policy.py with scikit-learn {sklearn.__version__}: ridge, intercept, weights. {genuine.sum()} are genuine. */")
for ridge in (0.01, 1, 10):
    fit = LogisticRegression(C=1 / ridge, tol=1e-12, max_iter=10000).fit(standard, genuine)
    assert (fit.coef_ >= 0).all()
    print(f"{{{ridge}, {fit.intercept_[0]:.9f}, {{{', '.join(f'{w:.9f}' for w in fit.coef_[0])}}}}},")
