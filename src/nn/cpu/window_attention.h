// Attention inside windows, one head of one window at a time; the weights are computed again in the backward pass.
#pragma once

#include <initializer_list>

#include "small_product.h"

namespace glid::cpu {
namespace {

// What a head of a window needs, cut out of the scratch.
struct WindowScratch {
  float *query, *key, *value;           // [L, d], queries scaled
  float *grad, *grad_query, *grad_key;  // [L, d]
  float* result;                        // [L, d]
  float *key_columns, *value_columns;   // [d, P], P = L padded to 16
  float *weights, *grad_weights;        // [L, P]
  float *bias, *mask;                   // [P]

  WindowScratch(float* memory, int64_t length, int64_t padded, int64_t head_dim) {
    const auto take = [&](int64_t floats) {
      float* taken = memory;
      memory += floats;
      return taken;
    };
    for (float** rows : {&query, &key, &value, &grad, &grad_query, &grad_key, &result}) *rows = take(length * head_dim);
    for (float** columns : {&key_columns, &value_columns}) *columns = take(head_dim * padded);
    for (float** scores : {&weights, &grad_weights}) *scores = take(length * padded);
    bias = take(padded);
    mask = take(padded);
  }
};

template <typename T>
struct WindowOf {
  const WindowArgs<T>& args;
  const int64_t* rows;        // [L]
  const int32_t* bias_index;  // [L, L]
  int64_t length, padded, head_dim, head;
  float scale;
  WindowScratch scratch;

  WindowOf(const WindowArgs<T>& given, float* memory)
      : args(given),
        length(given.length),
        padded(padded_length(given.length)),
        head_dim(given.head_dim),
        scale(1.f / __builtin_sqrtf(static_cast<float>(given.head_dim))),
        scratch(memory, length, padded, head_dim) {}

  void enter(int64_t window) {
    rows = args.rows + window * length;
    bias_index = args.bias_index + window % args.layouts * length * length;
    for (int64_t j = 0; j < padded; ++j)
      scratch.mask[j] = j >= length ? -__builtin_inff() : args.key_mask ? args.key_mask[window * length + j] : 0.f;
  }

  bool is_token(int64_t place) const { return rows[place] < args.tokens; }
  // Its q, k and v of the head are `part` * C further each.
  const T* projected(int64_t place) const {
    return (is_token(place) ? args.qkv + rows[place] * 3 * args.channels() : args.phantom) + head * head_dim;
  }
  template <typename U>
  U* of_token(U* tokens, int64_t place) const {
    return tokens + rows[place] * args.channels() + head * head_dim;
  }

  void read_projections() {
    for (int64_t place = 0; place < length; ++place) {
      const T* from = projected(place);
      for (int64_t c = 0; c < head_dim; c += kLanes) {
        store(scratch.query + place * head_dim + c, load(from + c) * scale);
        store(scratch.key + place * head_dim + c, load(from + args.channels() + c));
        store(scratch.value + place * head_dim + c, load(from + 2 * args.channels() + c));
      }
    }
  }

  // [L, d] -> [d, P], zeros behind L
  void transpose(const float* from, float* to) const {
    for (int64_t c = 0; c < head_dim; ++c) {
      for (int64_t place = 0; place < length; ++place) to[c * padded + place] = from[place * head_dim + c];
      for (int64_t place = length; place < padded; ++place) to[c * padded + place] = 0;
    }
  }

  Factor rows_of(const float* matrix, int64_t columns) const { return {matrix, columns, 1}; }
  Factor columns_of(const float* matrix, int64_t columns) const { return {matrix, 1, columns}; }

  void softmax_row(float* scores, const int32_t* index) {
    const float* table = args.table + head * args.table_rows;
    for (int64_t j = 0; j < length; ++j) scratch.bias[j] = table[index[j]];
    Vec most = Vec{} - __builtin_inff(), sum = {};
    for (int64_t j = 0; j < padded; j += kLanes) {
      const Vec score = load(scores + j) + load(scratch.bias + j) + load(scratch.mask + j);
      store(scores + j, score);
      most = larger(most, score);
    }
    const float largest = largest_of(most);
    for (int64_t j = 0; j < padded; j += kLanes) {
      const Vec weight = exp_of(load(scores + j) - largest);
      store(scores + j, weight);
      sum += weight;
    }
    const float share = 1.f / sum_of(sum);
    for (int64_t j = 0; j < padded; j += kLanes) store(scores + j, load(scores + j) * share);
  }

  void weigh() {
    transpose(scratch.key, scratch.key_columns);
    product(rows_of(scratch.query, head_dim), scratch.key_columns, length, head_dim, padded, scratch.weights);
    for (int64_t j = length; j < padded; ++j) scratch.bias[j] = 0;
    for (int64_t i = 0; i < length; ++i) softmax_row(scratch.weights + i * padded, bias_index + i * length);
  }

  void forward(int64_t of_head) {
    head = of_head;
    read_projections();
    weigh();
    product(rows_of(scratch.weights, padded), scratch.value, length, length, head_dim, scratch.result);
    for (int64_t place = 0; place < length; ++place)
      if (is_token(place))
        for (int64_t c = 0; c < head_dim; c += kLanes)
          store(of_token(args.out, place) + c, load(scratch.result + place * head_dim + c));
  }

  void read_gradient() {
    for (int64_t place = 0; place < length; ++place)
      for (int64_t c = 0; c < head_dim; c += kLanes)
        store(scratch.grad + place * head_dim + c, is_token(place) ? load(of_token(args.grad_out, place) + c) : Vec{});
  }

  // grad_weights becomes the gradient of the scores: weight * (grad - sum of weight * grad).
  void softmax_backward_row(const float* weights, float* grads, const int32_t* index) {
    Vec sum = {};
    for (int64_t j = 0; j < padded; j += kLanes) sum += load(weights + j) * load(grads + j);
    const float mean = sum_of(sum);
    for (int64_t j = 0; j < padded; j += kLanes) store(grads + j, load(weights + j) * (load(grads + j) - mean));
    float* table = args.grad_table + head * args.table_rows;
    for (int64_t j = 0; j < length; ++j) table[index[j]] += grads[j];
  }

  // Of q, k or v: to the token's row, or added to the phantom's.
  void write_gradient(int64_t part, const float* grad, float factor) {
    for (int64_t place = 0; place < length; ++place) {
      const int64_t channel = part * args.channels() + head * head_dim;
      for (int64_t c = 0; c < head_dim; c += kLanes) {
        const Vec value = load(grad + place * head_dim + c) * factor;
        if (is_token(place)) store(args.grad_qkv + rows[place] * 3 * args.channels() + channel + c, value);
        else store(args.grad_phantom + channel + c, load(args.grad_phantom + channel + c) + value);
      }
    }
  }

  void backward(int64_t of_head) {
    head = of_head;
    read_projections();
    read_gradient();
    weigh();
    product(columns_of(scratch.weights, padded), scratch.grad, length, length, head_dim, scratch.result);
    write_gradient(2, scratch.result, 1);
    transpose(scratch.value, scratch.value_columns);
    product(rows_of(scratch.grad, head_dim), scratch.value_columns, length, head_dim, padded, scratch.grad_weights);
    for (int64_t i = 0; i < length; ++i)
      softmax_backward_row(scratch.weights + i * padded, scratch.grad_weights + i * padded, bias_index + i * length);
    product(rows_of(scratch.grad_weights, padded), scratch.key, length, length, head_dim, scratch.grad_query);
    write_gradient(0, scratch.grad_query, scale);
    product(columns_of(scratch.grad_weights, padded), scratch.query, length, length, head_dim, scratch.grad_key);
    write_gradient(1, scratch.grad_key, 1);
  }
};

template <typename T>
void attend(const WindowArgs<T>& args, int64_t begin, int64_t end, float* scratch) {
  WindowOf<T> window(args, scratch);
  for (int64_t w = begin; w < end; ++w) {
    window.enter(w);
    for (int64_t head = 0; head < args.heads; ++head) window.forward(head);
  }
}

template <typename T>
void attend_backward(const WindowArgs<T>& args, int64_t begin, int64_t end, float* scratch) {
  WindowOf<T> window(args, scratch);
  for (int64_t w = begin; w < end; ++w) {
    window.enter(w);
    for (int64_t head = 0; head < args.heads; ++head) window.backward(head);
  }
}

}  // namespace
}  // namespace glid::cpu
