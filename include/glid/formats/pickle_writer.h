// Pickles (protocol 2) of dictionaries of tensors as torch.save makes them. Classes in them are only those that
// torch.load(weights_only=True) takes: the storages of torch, torch._utils._rebuild_tensor_v2 and collections.OrderedDict.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace glid {

// A contiguous tensor whose elements are the record data/<record> beside the pickle.
struct TensorInPickle {
  std::string_view storage;  // its class in torch: "FloatStorage"
  int64_t record = 0;
  std::vector<int64_t> sizes;
};

class PickleWriter {
 public:
  PickleWriter() : text_("\x80\x02") {}

  void begin_dict() { text_ += "}("; }
  void key(std::string_view name) { write(name); }
  void value(const TensorInPickle& tensor);
  void end_dict() { text_ += 'u'; }
  // The whole pickle.
  std::string finish() { return text_ += '.'; }

 private:
  void write(std::string_view text);
  void write(int64_t number);
  void write(const std::vector<int64_t>& tuple);

  std::string text_;
};

}  // namespace glid
