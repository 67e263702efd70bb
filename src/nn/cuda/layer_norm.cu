// A warp has a row at a time; a lane four channels of each 128.
#include "layer_norm.h"
#include "low_precision.cuh"

namespace glid::cuda {
namespace {

constexpr int kWarp = 32, kWarps = 8, kThreads = kWarp * kWarps, kVector = 4, kStep = kWarp * kVector;
constexpr int kRowsOfBlock = 4 * kWarps;  // forward

// f(step, channel) for a lane's vectors.
template <int kSteps, class F>
__device__ void for_channels(int channels, const F& f) {
#pragma unroll
  for (int step = 0; step < kSteps; ++step)
    if (const int channel = step * kStep + static_cast<int>(threadIdx.x) % kWarp * kVector; channel < channels)
      f(step, channel);
}

// f(row) for the rows of a warp; the rows of all blocks are one after another in turn.
template <class F>
__device__ void for_rows(int64_t rows, const F& f) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kWarps;
  for (int64_t row = static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.x / kWarp; row < rows; row += step) f(row);
}

template <class X, class Y, int kSteps>
__global__ void __launch_bounds__(kThreads) forward_kernel(const LayerNormArgs a, Y* y) {
  for_rows(a.rows, [&](int64_t row) {
    float x[kSteps][kVector], sum = 0, squares = 0;
    for_channels<kSteps>(a.channels, [&](int step, int channel) {
      load_floats(x[step], static_cast<const X*>(a.x) + row * a.channels + channel);
      for (const float value : x[step]) sum += value;
    });
    const float mean = sum_of_lanes<kWarp>(sum) / static_cast<float>(a.channels);
    for_channels<kSteps>(a.channels, [&](int step, int) {
      for (const float value : x[step]) squares += (value - mean) * (value - mean);
    });
    const float rstd = rsqrtf(sum_of_lanes<kWarp>(squares) / static_cast<float>(a.channels) + a.eps);
    for_channels<kSteps>(a.channels, [&](int step, int channel) {
      float weight[kVector], bias[kVector];
      load_floats(weight, a.weight + channel);
      load_floats(bias, a.bias + channel);
      for (int i = 0; i < kVector; ++i) x[step][i] = (x[step][i] - mean) * rstd * weight[i] + bias[i];
      store_floats(y + row * a.channels + channel, x[step]);
    });
    if (threadIdx.x % kWarp == 0) {
      a.mean[row] = mean;
      a.rstd[row] = rstd;
    }
  });
}

// The sums of all warps, of the channels of each lane, to `out`.
template <int kSteps>
__device__ void add_warps(const float (&sums)[kSteps][kVector], int channels, float* out) {
  __shared__ float shared[kWarps][kStep];
  for (int step = 0; step < kSteps; ++step) {
    for (int i = 0; i < kVector; ++i) shared[threadIdx.x / kWarp][threadIdx.x % kWarp * kVector + i] = sums[step][i];
    __syncthreads();
    const int channel = step * kStep + static_cast<int>(threadIdx.x);
    if (threadIdx.x < kStep && channel < channels) {
      float sum = 0;
      for (int warp = 0; warp < kWarps; ++warp) sum += shared[warp][threadIdx.x];
      out[channel] = sum;
    }
    __syncthreads();
  }
}

template <class X, class Y, int kSteps>
__global__ void __launch_bounds__(kThreads) backward_kernel(const LayerNormArgs a, const Y* grad_y, X* grad_x, float* sums) {
  float weight[kSteps][kVector] = {}, weight_grad[kSteps][kVector] = {}, bias_grad[kSteps][kVector] = {};
  for_channels<kSteps>(a.channels, [&](int step, int channel) { load_floats(weight[step], a.weight + channel); });
  for_rows(a.rows, [&](int64_t row) {
    float x[kSteps][kVector], grad[kSteps][kVector], sum = 0, product = 0;
    const float mean = a.mean[row], rstd = a.rstd[row];
    for_channels<kSteps>(a.channels, [&](int step, int channel) {
      load_floats(x[step], static_cast<const X*>(a.x) + row * a.channels + channel);
      load_floats(grad[step], grad_y + row * a.channels + channel);
      for (int i = 0; i < kVector; ++i) {
        x[step][i] = (x[step][i] - mean) * rstd;
        weight_grad[step][i] += grad[step][i] * x[step][i];
        bias_grad[step][i] += grad[step][i];
        grad[step][i] *= weight[step][i];
        sum += grad[step][i];
        product += grad[step][i] * x[step][i];
      }
    });
    sum = sum_of_lanes<kWarp>(sum) / static_cast<float>(a.channels);
    product = sum_of_lanes<kWarp>(product) / static_cast<float>(a.channels);
    for_channels<kSteps>(a.channels, [&](int step, int channel) {
      for (int i = 0; i < kVector; ++i) grad[step][i] = rstd * (grad[step][i] - sum - x[step][i] * product);
      store_floats(grad_x + row * a.channels + channel, grad[step]);
    });
  });
  float* own = sums + static_cast<int64_t>(blockIdx.x) * 2 * a.channels;
  add_warps(weight_grad, a.channels, own);
  add_warps(bias_grad, a.channels, own + a.channels);
}

struct Call {
  void* y;  // or its gradient, which is only read
  void* grad_x;
  float* sums;
  int blocks;
  cudaStream_t stream;
};

template <class X, class Y, int kSteps>
cudaError_t run(const LayerNormArgs& a, const Call& call) {
  auto* y = static_cast<Y*>(call.y);
  if (call.sums)
    backward_kernel<X, Y, kSteps><<<call.blocks, kThreads, 0, call.stream>>>(a, y, static_cast<X*>(call.grad_x), call.sums);
  else
    forward_kernel<X, Y, kSteps>
        <<<static_cast<unsigned>((a.rows + kRowsOfBlock - 1) / kRowsOfBlock), kThreads, 0, call.stream>>>(a, y);
  return cudaGetLastError();
}

template <class X, class Y>
cudaError_t run_channels(const LayerNormArgs& a, const Call& call) {
  if (a.channels <= kStep) return run<X, Y, 1>(a, call);
  if (a.channels <= 2 * kStep) return run<X, Y, 2>(a, call);
  if (a.channels <= 4 * kStep) return run<X, Y, 4>(a, call);
  return run<X, Y, 8>(a, call);
}

template <class Y>
cudaError_t run_x(const LayerNormArgs& a, const Call& call) {
  return a.low_x ? run_channels<Y, Y>(a, call) : run_channels<float, Y>(a, call);
}

cudaError_t run_type(const LayerNormArgs& a, const Call& call) {
  if (a.channels % kVector != 0 || a.channels > kMaxNormChannels) return cudaErrorInvalidValue;
  if (a.rows == 0 && !call.sums) return cudaSuccess;
  return a.type == LowPrecision::kBf16 ? run_x<__nv_bfloat16>(a, call) : run_x<__half>(a, call);
}

}  // namespace

cudaError_t layer_norm_forward(const LayerNormArgs& args, void* y, cudaStream_t stream) {
  return run_type(args, {y, nullptr, nullptr, 0, stream});
}

cudaError_t layer_norm_backward(const LayerNormArgs& args, const void* grad_y, void* grad_x, float* sums, int blocks,
                                cudaStream_t stream) {
  return run_type(args, {const_cast<void*>(grad_y), grad_x, sums, blocks, stream});
}

}  // namespace glid::cuda
