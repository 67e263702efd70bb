#include "glid/formats/pickle_writer.h"

#include <bit>
#include <limits>

namespace glid {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers of a pickle are little-endian");

// What an opcode is followed by: the number's bytes.
template <class T>
std::string opcode(char code, T number) {
  return code + std::string(reinterpret_cast<const char*>(&number), sizeof number);
}

// Row-major, without gaps.
std::vector<int64_t> strides_of(const std::vector<int64_t>& sizes) {
  std::vector<int64_t> strides(sizes.size(), 1);
  for (size_t i = sizes.size(); i-- > 1;) strides[i - 1] = strides[i] * sizes[i];
  return strides;
}

int64_t product(const std::vector<int64_t>& sizes) {
  int64_t count = 1;
  for (const int64_t size : sizes) count *= size;
  return count;
}

}  // namespace

void PickleWriter::write(std::string_view text) {
  text_ += opcode('X', static_cast<uint32_t>(text.size()));  // BINUNICODE
  text_ += text;
}

void PickleWriter::write(int64_t number) {
  if (number < 0 || number > std::numeric_limits<int32_t>::max())
    text_ += std::string("\x8a") + opcode(sizeof number, number);  // LONG1
  else if (number > std::numeric_limits<uint16_t>::max()) text_ += opcode('J', static_cast<int32_t>(number));
  else if (number > std::numeric_limits<uint8_t>::max()) text_ += opcode('M', static_cast<uint16_t>(number));
  else text_ += opcode('K', static_cast<uint8_t>(number));
}

void PickleWriter::write(const std::vector<int64_t>& tuple) {
  text_ += '(';
  for (const int64_t number : tuple) write(number);
  text_ += 't';
}

// _rebuild_tensor_v2(storage, 0, sizes, strides, requires_grad = False, hooks = OrderedDict()).
void PickleWriter::value(const TensorInPickle& tensor) {
  text_ += "ctorch._utils\n_rebuild_tensor_v2\n((";
  write("storage");
  text_ += "ctorch\n";
  text_ += tensor.storage;
  text_ += '\n';
  write(std::to_string(tensor.record));
  write("cpu");
  write(product(tensor.sizes));
  text_ += "tQ";  // the storage by its persistent id
  write(int64_t{0});
  write(tensor.sizes);
  write(strides_of(tensor.sizes));
  text_ +=
      "\x89"
      "ccollections\nOrderedDict\n)RtR";
}

}  // namespace glid
