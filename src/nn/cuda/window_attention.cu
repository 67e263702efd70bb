// One block computes one head of a window at a time, and all of it on chip: products on tensor cores (16 x 16 x 16, sums in
// fp32), softmax by eight lanes a row. The backward pass computes the weights again from q and k.
#include "window_attention.h"

#include <math_constants.h>
#include <mma.h>

#include <algorithm>
#include <type_traits>

#include "low_precision.cuh"

namespace glid::cuda {
namespace {

namespace wmma = nvcuda::wmma;

constexpr int kTile = 16, kWarp = 32, kWarps = 4, kThreads = kWarp * kWarps, kVector = 8;
constexpr int kRowLanes = 8;                 // a lane's keys of a row: lane, lane + 8, ..
constexpr int kShortLength = 64;             // windows that need fewer registers
constexpr int kNothing = -2, kPhantom = -1;  // instead of a token at a place

__host__ __device__ constexpr int padded(int length) { return (length + kTile - 1) / kTile * kTile; }
__host__ __device__ constexpr int row_of(int head_dim) { return head_dim + kVector; }  // spreads rows over the banks
__host__ __device__ constexpr int score_row(int length) { return padded(length) + 4; }
__host__ __device__ constexpr size_t aligned(size_t bytes) { return (bytes + 31) / 32 * 32; }

template <class T>
struct Chip {
  float *table, *table_grad;            // [R] of this head
  int *query_code, *key_code, *source;  // [P]
  float* tile;                          // [16, 16] of this warp
  T *q, *k, *v, *g;                     // [P, row_of(head_dim)]
  float *scores, *grads;                // [P, score_row]; later 16-bit values in the same rows
};

template <class V>
__device__ V* take(char*& free, size_t count) {
  V* begin = reinterpret_cast<V*>(free);
  free += aligned(count * sizeof(V));
  return begin;
}

template <class T>
__device__ Chip<T> divide(char* free, const WindowBucketArgs& a, bool backward) {
  const int places = padded(a.length), matrix = places * row_of(a.head_dim), square = places * score_row(a.length);
  Chip<T> c;
  c.table = take<float>(free, a.table_rows);
  c.query_code = take<int>(free, places);
  c.key_code = take<int>(free, places);
  c.source = take<int>(free, places);
  c.tile = take<float>(free, kWarps * kTile * kTile) + threadIdx.x / kWarp * kTile * kTile;
  c.q = take<T>(free, matrix);
  c.k = take<T>(free, matrix);
  c.v = take<T>(free, matrix);
  c.scores = take<float>(free, square);
  if (!backward) return c;
  c.table_grad = take<float>(free, a.table_rows);
  c.g = take<T>(free, matrix);
  c.grads = take<float>(free, square);
  return c;
}

size_t chip_bytes(int length, int head_dim, int table_rows, bool backward) {
  const size_t places = padded(length), table = aligned(sizeof(float) * table_rows), codes = aligned(sizeof(int) * places);
  const size_t matrix = aligned(2 * places * row_of(head_dim)), square = aligned(sizeof(float) * places * score_row(length));
  const size_t forward = table + 3 * codes + aligned(sizeof(float) * kWarps * kTile * kTile) + 3 * matrix + square;
  return backward ? forward + table + matrix + square : forward;
}

// Codes and tokens of the places of window w.
template <class T>
__device__ void load_places(const Chip<T>& c, const WindowBucketArgs& a, int w) {
  const int32_t* index = a.bias_index + static_cast<int64_t>(w % a.layouts) * a.length * a.length;
  for (int i = threadIdx.x; i < padded(a.length); i += kThreads) {
    const bool inside = i < a.length;
    c.query_code[i] = inside ? index[i * a.length] - index[0] : 0;
    c.key_code[i] = inside ? index[i] : 0;
    int source = kNothing;
    if (inside) {
      const int64_t place = static_cast<int64_t>(w) * a.length + i;
      if (a.rows[place] < a.tokens) source = static_cast<int>(a.rows[place]);
      else if (!a.key_mask || a.key_mask[place] == 0) source = kPhantom;
    }
    c.source[i] = source;
  }
}

// One part (q, k, v) of the window's places for a head; zeros where there is nothing. `width` is of a row of `from`.
template <int D, class T>
__device__ void load_matrix(T* to, const Chip<T>& c, const WindowBucketArgs& a, const T* from, int64_t width,
                            const T* phantom) {
  constexpr int kVectors = D / kVector;
  for (int i = threadIdx.x; i < padded(a.length) * kVectors; i += kThreads) {
    const int place = i / kVectors, v = i % kVectors, source = c.source[place];
    uint4 value = make_uint4(0, 0, 0, 0);
    if (source >= 0) value = reinterpret_cast<const uint4*>(from + source * width)[v];
    else if (source == kPhantom && phantom) value = reinterpret_cast<const uint4*>(phantom)[v];
    reinterpret_cast<uint4*>(to + place * row_of(D))[v] = value;
  }
}

template <int D, class T>
__device__ void load_qkv(const Chip<T>& c, const WindowBucketArgs& a, int head) {
  const int64_t channels = static_cast<int64_t>(a.heads) * D;
  const T *qkv = static_cast<const T*>(a.qkv) + head * D, *phantom = static_cast<const T*>(a.phantom) + head * D;
  load_matrix<D>(c.q, c, a, qkv, 3 * channels, phantom);
  load_matrix<D>(c.k, c, a, qkv + channels, 3 * channels, phantom + channels);
  load_matrix<D>(c.v, c, a, qkv + 2 * channels, 3 * channels, phantom + 2 * channels);
}

// x [P, D] times the transpose of y [P, D] -> out [P, P].
template <int D, class T>
__device__ void multiply_rows(float* out, const T* x, const T* y, int length) {
  const int tiles = padded(length) / kTile, stride = score_row(length);
  for (int t = threadIdx.x / kWarp; t < tiles * tiles; t += kWarps) {
    const int row = t / tiles * kTile, column = t % tiles * kTile;
    wmma::fragment<wmma::accumulator, kTile, kTile, kTile, float> sum;
    wmma::fill_fragment(sum, 0.0f);
    for (int d = 0; d < D; d += kTile) {
      wmma::fragment<wmma::matrix_a, kTile, kTile, kTile, T, wmma::row_major> left;
      wmma::fragment<wmma::matrix_b, kTile, kTile, kTile, T, wmma::col_major> right;
      wmma::load_matrix_sync(left, x + row * row_of(D) + d, row_of(D));
      wmma::load_matrix_sync(right, y + column * row_of(D) + d, row_of(D));
      wmma::mma_sync(sum, left, right, sum);
    }
    wmma::store_matrix_sync(out + row * stride + column, sum, stride, wmma::mem_row_major);
  }
}

__device__ float max_of_row(float x) {
  for (int step = kRowLanes / 2; step > 0; step /= 2) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, step));
  return x;
}

// f(row) for all rows, by eight lanes each; the whole warp calls it equally often.
template <class F>
__device__ void for_rows(int length, const F& f) {
  const int each = padded(length) / (kThreads / kRowLanes), first = threadIdx.x / kRowLanes * each;
  for (int row = first; row < first + each; ++row) f(row);
}

// f(n, key) for the keys of a lane.
template <int kPerLane, class F>
__device__ void for_keys(int length, const F& f) {
#pragma unroll
  for (int n = 0; n < kPerLane; ++n) {
    if (n * kRowLanes >= padded(length)) break;
    f(n, static_cast<int>(threadIdx.x) % kRowLanes + n * kRowLanes);
  }
}

template <int kPerLane, class T>
__device__ void softmax_row(float (&p)[kPerLane], const Chip<T>& c, const WindowBucketArgs& a, int w, int row) {
  const float scale = rsqrtf(static_cast<float>(a.head_dim));
  float largest = -CUDART_INF_F, sum = 0;
  for_keys<kPerLane>(a.length, [&](int n, int key) {
    p[n] = -CUDART_INF_F;
    if (key >= a.length) return;
    p[n] = c.scores[row * score_row(a.length) + key] * scale + c.table[c.query_code[row] + c.key_code[key]];
    if (a.key_mask) p[n] += a.key_mask[static_cast<int64_t>(w) * a.length + key];
    largest = fmaxf(largest, p[n]);
  });
  largest = max_of_row(largest);
  for_keys<kPerLane>(a.length, [&](int n, int) { sum += p[n] = __expf(p[n] - largest); });
  sum = 1.0f / sum_of_lanes<kRowLanes>(sum);
  for_keys<kPerLane>(a.length, [&](int n, int) { p[n] *= sum; });
}

// A row of 16-bit values over the row of floats that it was made from. All its lanes must have read that.
template <class T, int kPerLane>
__device__ void put_row(float* scores, const float (&values)[kPerLane], int row, int length) {
  T* to = reinterpret_cast<T*>(scores + row * score_row(length));
  for_keys<kPerLane>(length, [&](int n, int key) { to[key] = static_cast<T>(values[n]); });
}

// put(place, part of D, 8 values) of the matrix `weights` [P, P] (16-bit in rows of scores) times y [P, D], times scale.
template <int D, class LayoutOfWeights, class T, class Put>
__device__ void multiply_weights(const float* weights, const T* y, const Chip<T>& c, int length, float scale,
                                 const Put& put) {
  constexpr bool kTransposed = std::is_same_v<LayoutOfWeights, wmma::col_major>;
  const int tiles = padded(length) / kTile, stride = 2 * score_row(length), lane = threadIdx.x % kWarp;
  const T* x = reinterpret_cast<const T*>(weights);
  for (int t = threadIdx.x / kWarp; t < tiles * (D / kTile); t += kWarps) {
    const int row = t / (D / kTile) * kTile, column = t % (D / kTile) * kTile;
    wmma::fragment<wmma::accumulator, kTile, kTile, kTile, float> sum;
    wmma::fill_fragment(sum, 0.0f);
    for (int k = 0; k < tiles * kTile; k += kTile) {
      wmma::fragment<wmma::matrix_a, kTile, kTile, kTile, T, LayoutOfWeights> left;
      wmma::fragment<wmma::matrix_b, kTile, kTile, kTile, T, wmma::row_major> right;
      wmma::load_matrix_sync(left, kTransposed ? x + k * stride + row : x + row * stride + k, stride);
      wmma::load_matrix_sync(right, y + k * row_of(D) + column, row_of(D));
      wmma::mma_sync(sum, left, right, sum);
    }
    wmma::store_matrix_sync(c.tile, sum, kTile, wmma::mem_row_major);
    __syncwarp();
    float values[kVector];
    for (int i = 0; i < kVector; ++i) values[i] = scale * c.tile[lane * kVector + i];
    put(row + lane / 2, column + lane % 2 * kVector, values);
    __syncwarp();
  }
}

template <class T>
__device__ void load_table(const Chip<T>& c, const WindowBucketArgs& a, int head) {
  for (int i = threadIdx.x; i < a.table_rows; i += kThreads) c.table[i] = a.table[i * a.heads + head];
}

template <class T, int D, int kLongest>
__global__ void __launch_bounds__(kThreads, kLongest > kShortLength ? 1 : 6) forward_kernel(const WindowBucketArgs a) {
  extern __shared__ __align__(32) char memory[];
  const Chip<T> c = divide<T>(memory, a, /*backward=*/false);
  const int head = blockIdx.y;
  load_table(c, a, head);
  for (int w = blockIdx.x; w < a.windows; w += gridDim.x) {
    load_places(c, a, w);
    __syncthreads();
    load_qkv<D>(c, a, head);
    __syncthreads();
    multiply_rows<D>(c.scores, c.q, c.k, a.length);
    __syncthreads();
    for_rows(a.length, [&](int row) {
      float p[kLongest / kRowLanes];
      softmax_row(p, c, a, w, row);
      __syncwarp();
      put_row<T>(c.scores, p, row, a.length);
    });
    __syncthreads();
    multiply_weights<D, wmma::row_major>(
        c.scores, c.v, c, a.length, 1.0f, [&](int place, int d, const float(&values)[kVector]) {
          if (c.source[place] >= 0)
            store_floats(static_cast<T*>(a.out) + (static_cast<int64_t>(c.source[place]) * a.heads + head) * D + d, values);
        });
    __syncthreads();
  }
}

// Turns scores into weights p and the gradient of p into that of the scores, and adds the latter to the table's.
template <int kPerLane, class T>
__device__ void softmax_gradient(const Chip<T>& c, const WindowBucketArgs& a, int w) {
  for_rows(a.length, [&](int row) {
    float p[kPerLane], ds[kPerLane], product = 0;
    softmax_row(p, c, a, w, row);
    for_keys<kPerLane>(a.length, [&](int n, int key) {
      ds[n] = key < a.length ? c.grads[row * score_row(a.length) + key] : 0.0f;
      product += p[n] * ds[n];
    });
    product = sum_of_lanes<kRowLanes>(product);
    for_keys<kPerLane>(a.length, [&](int n, int key) {
      ds[n] = p[n] * (ds[n] - product);
      if (key < a.length && c.source[row] >= 0 && ds[n] != 0)
        atomicAdd(c.table_grad + c.query_code[row] + c.key_code[key], ds[n]);
    });
    __syncwarp();
    put_row<T>(c.scores, p, row, a.length);
    put_row<T>(c.grads, ds, row, a.length);
  });
}

template <class T, int D, int kLongest>
__global__ void __launch_bounds__(kThreads, kLongest > kShortLength ? 1 : 4) backward_kernel(const WindowBucketArgs a) {
  extern __shared__ __align__(32) char memory[];
  const Chip<T> c = divide<T>(memory, a, /*backward=*/true);
  const int head = blockIdx.y;
  const int64_t channels = static_cast<int64_t>(a.heads) * D;
  const float scale = rsqrtf(static_cast<float>(D));
  load_table(c, a, head);
  for (int i = threadIdx.x; i < a.table_rows; i += kThreads) c.table_grad[i] = 0;
  const auto put_part = [&](int part) {
    return [&, part](int place, int d, const float(&values)[kVector]) {
      const int64_t column = part * channels + head * D + d;
      if (c.source[place] >= 0) store_floats(static_cast<T*>(a.grad_qkv) + c.source[place] * 3 * channels + column, values);
      if (c.source[place] == kPhantom)
        for (int i = 0; i < kVector; ++i) atomicAdd(a.grad_phantom + column + i, values[i]);
    };
  };
  for (int w = blockIdx.x; w < a.windows; w += gridDim.x) {
    load_places(c, a, w);
    __syncthreads();
    load_qkv<D>(c, a, head);
    load_matrix<D>(c.g, c, a, static_cast<const T*>(a.grad_out) + head * D, channels, static_cast<const T*>(nullptr));
    __syncthreads();
    multiply_rows<D>(c.scores, c.q, c.k, a.length);
    multiply_rows<D>(c.grads, c.g, c.v, a.length);
    __syncthreads();
    softmax_gradient<kLongest / kRowLanes>(c, a, w);
    __syncthreads();
    multiply_weights<D, wmma::row_major>(c.grads, c.k, c, a.length, scale, put_part(0));
    multiply_weights<D, wmma::col_major>(c.grads, c.q, c, a.length, scale, put_part(1));
    multiply_weights<D, wmma::col_major>(c.scores, c.g, c, a.length, 1.0f, put_part(2));
    __syncthreads();
  }
  for (int i = threadIdx.x; i < a.table_rows; i += kThreads)
    a.grad_table[(static_cast<int64_t>(blockIdx.x) * a.table_rows + i) * a.heads + head] = c.table_grad[i];
}

using Kernel = void (*)(WindowBucketArgs);

template <class T, int D>
Kernel kernel_of(bool backward, bool is_short) {
  if (is_short) return backward ? backward_kernel<T, D, kShortLength> : forward_kernel<T, D, kShortLength>;
  return backward ? backward_kernel<T, D, kMaxWindowLength> : forward_kernel<T, D, kMaxWindowLength>;
}

template <class T>
Kernel kernel_of(const WindowBucketArgs& a, bool backward) {
  const bool is_short = a.length <= kShortLength;
  return a.head_dim == 16 ? kernel_of<T, 16>(backward, is_short) : kernel_of<T, 32>(backward, is_short);
}

// Null: none fits.
Kernel kernel_of(const WindowBucketArgs& a, bool backward) {
  if (a.length > kMaxWindowLength || (a.head_dim != 16 && a.head_dim != 32)) return nullptr;
  return a.type == LowPrecision::kBf16 ? kernel_of<__nv_bfloat16>(a, backward) : kernel_of<__half>(a, backward);
}

// The kernel, allowed the memory that it needs; all windows up to a length share one.
cudaError_t prepare(Kernel& kernel, size_t& bytes, const WindowBucketArgs& a, bool backward) {
  kernel = kernel_of(a, backward);
  if (!kernel) return cudaErrorInvalidValue;
  bytes = chip_bytes(a.length, a.head_dim, a.table_rows, backward);
  return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes));
}

cudaError_t launch(const WindowBucketArgs& a, bool backward, cudaStream_t stream) {
  Kernel kernel = nullptr;
  size_t bytes = 0;
  if (const cudaError_t error = prepare(kernel, bytes, a, backward)) return error;
  kernel<<<dim3(a.blocks, a.heads), kThreads, bytes, stream>>>(a);
  return cudaGetLastError();
}

}  // namespace

size_t window_attention_bytes(int length, int head_dim, int table_rows) {
  return chip_bytes(length, head_dim, table_rows, /*backward=*/true);
}

cudaError_t choose_blocks(WindowBucketArgs& args, bool backward, int processors) {
  Kernel kernel = nullptr;
  size_t bytes = 0;
  int at_a_time = 0;
  cudaError_t error = prepare(kernel, bytes, args, backward);
  if (!error) error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&at_a_time, kernel, kThreads, bytes);
  args.blocks = std::min(args.windows, std::max(1, at_a_time * processors / args.heads));
  return error;
}

cudaError_t window_attention_forward(const WindowBucketArgs& args, cudaStream_t stream) {
  return launch(args, /*backward=*/false, stream);
}

cudaError_t window_attention_backward(const WindowBucketArgs& args, cudaStream_t stream) {
  return launch(args, /*backward=*/true, stream);
}

}  // namespace glid::cuda
