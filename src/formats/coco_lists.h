// The images and categories of a ground truth, which its annotations name.
#pragma once

#include <string_view>
#include <vector>

#include "coco_reader.h"
#include "coco_tables.h"

namespace glid {

// Throws the first fault of a field that is used, and counts those of the others.
void count_faults(const FieldFaults& faults, const CocoUse& use, const RecordName& name, CocoNotes& notes);

// Fills the tables' images and categories, ascending by id, and counts what is odd about them.
class CocoLists {
 public:
  CocoLists(const CocoUse& use, CocoTables& tables, const OnRecordError& on_error)
      : use_(use), tables_(tables), on_error_(on_error) {}

  // A record with an error counts all the same where its id is known.
  void read_images(JsonValue list);
  void read_categories(JsonValue list);

 private:
  template <typename Row>
  struct Numbered {
    Row row;
    int64_t number;  // of the record in the file, from 1
  };

  void read_image(JsonValue value, RecordName& name);
  void read_category(JsonValue value, RecordName& name);
  void read_category_field(JsonKey key, JsonValue value, CocoCategory& category);
  CocoRange read_joints(JsonValue value);
  CocoRange read_skeleton(JsonValue value);
  template <typename Row, typename Id>
  void drop_repeated(std::vector<Numbered<Row>>& rows, std::string_view kind, Tally* legal, Id id_of);

  const CocoUse& use_;
  CocoTables& tables_;
  const OnRecordError& on_error_;
  FieldFaults faults_;
  std::vector<Numbered<CocoImage>> images_;
  std::vector<Numbered<CocoCategory>> categories_;
};

}  // namespace glid
