#include "glid/formats/voc_xml.h"

#include <gtest/gtest.h>

#include "expect_data_error.h"
#include "golden.h"

namespace glid {
namespace {

constexpr const char* kFile = R"(<?xml version="1.0"?>
<annotation>
  <folder>VOC2012</folder>
  <filename> 2007_000027.jpg </filename>
  <size><width>486</width><height>500</height><depth>3</depth></size>
  <object>
    <name>person</name>
    <truncated>1</truncated>
    <difficult>0</difficult>
    <bndbox><xmin>174</xmin><ymin>101</ymin><xmax>349</xmax><ymax>351</ymax></bndbox>
    <part><name>head</name><bndbox><xmin>169</xmin><ymin>104</ymin><xmax>209</xmax><ymax>146</ymax></bndbox></part>
  </object>
  <object>
    <name>dog &amp; cat</name>
    <difficult>1</difficult>
    <bndbox><xmin>1</xmin><ymin>1.5</ymin><xmax>486</xmax><ymax>500</ymax></bndbox>
  </object>
</annotation>)";

VocAnnotation read(const std::string& text) { return decode_voc_xml(text, "a.xml"); }

std::string object_of(const std::string& content) { return "<annotation>\n<object>" + content + "</object></annotation>"; }

std::string box_of(const std::string& xmin, const std::string& ymin, const std::string& xmax, const std::string& ymax) {
  return "<name>a</name><bndbox><xmin>" + xmin + "</xmin><ymin>" + ymin + "</ymin><xmax>" + xmax + "</xmax><ymax>" + ymax +
         "</ymax></bndbox>";
}

TEST(VocXml, ReadsAnAnnotation) {
  const VocAnnotation annotation = read(kFile);
  EXPECT_EQ(annotation.filename, "2007_000027.jpg");
  EXPECT_EQ(annotation.height, 500);
  EXPECT_EQ(annotation.width, 486);
  ASSERT_EQ(annotation.objects.size(), 2u);
  const VocObject& person = annotation.objects[0];
  EXPECT_EQ(person.name, "person");
  EXPECT_EQ(person.box, (Box{173, 100, 349, 351}));
  EXPECT_TRUE(person.truncated);
  EXPECT_FALSE(person.difficult);
  EXPECT_FALSE(person.degenerate);
  const VocObject& dog = annotation.objects[1];
  EXPECT_EQ(dog.name, "dog & cat");
  EXPECT_EQ(dog.box, (Box{0, 0.5, 486, 500}));
  EXPECT_TRUE(dog.difficult);
  EXPECT_FALSE(dog.truncated);
  EXPECT_FALSE(dog.degenerate);
}

TEST(VocXml, OnePixelIsABoxAndLessIsDegenerate) {
  const auto only = [](const std::string& text) { return read(text).objects.at(0); };
  EXPECT_EQ(only(object_of(box_of("5", "5", "5", "5"))).box, (Box{4, 4, 5, 5}));
  EXPECT_FALSE(only(object_of(box_of("5", "5", "5", "5"))).degenerate);
  EXPECT_TRUE(only(object_of(box_of("5", "5", "4", "5"))).degenerate);
  EXPECT_TRUE(only(object_of(box_of("5", "9", "6", "7"))).degenerate);
}

TEST(VocXml, LeavingAnImageOfKnownSizeIsDegenerate) {
  const auto is_degenerate = [](const std::string& box) {
    return read("<annotation><size><width>9</width><height>8</height></size><object>" + box + "</object></annotation>")
        .objects.at(0)
        .degenerate;
  };
  EXPECT_FALSE(is_degenerate(box_of("1", "1", "9", "8")));
  EXPECT_TRUE(is_degenerate(box_of("0", "1", "9", "8")));
  EXPECT_TRUE(is_degenerate(box_of("1", "1", "10", "8")));
  EXPECT_TRUE(is_degenerate(box_of("1", "1", "9", "9")));
}

TEST(VocXml, FilesWithoutSizeOrObjects) {
  const VocAnnotation annotation = read("<annotation><filename>a.jpg</filename></annotation>");
  EXPECT_EQ(annotation.height, 0);
  EXPECT_TRUE(annotation.objects.empty());
}

TEST(VocXml, Errors) {
  const auto expect_error = [](const std::string& text, const std::string& part) {
    expect_data_error([&] { read(text); }, {part});
  };
  expect_error("", "a.xml:1: is not XML");
  expect_error("<annotation>\n<object>\n</annotation>", "a.xml:3: is not XML");
  expect_error("<labels/>", "a.xml: has no <annotation>");
  expect_error(object_of("<name> </name>"), "a.xml:2: an object has no name");
  expect_error(object_of("<name>a</name>"), "a.xml:2: object a has no <bndbox>");
  expect_error(object_of(box_of("1", "2", "x", "4")), "a.xml:2: <xmax> is not a number (got x)");
  expect_error(object_of(box_of("1", "", "3", "4")), "a.xml:2: <ymin> is not a number");
  expect_error(object_of(box_of("1", "2", "nan", "4")), "a.xml:2: <xmax> is not a number (got nan)");
  expect_error(object_of("<difficult>maybe</difficult>" + box_of("1", "2", "3", "4")), "<difficult> must be 0 or 1");
  expect_error("<annotation><size><width>-1</width><height>8</height></size></annotation>",
               "a.xml:1: <width> is not a size (got -1)");
}

TEST(VocXml, CutAndChangedFiles) {
  const std::string text = kFile;
  expect_error_when_cut(text, read);
  survive_mutations(text, 3000, read);
}

}  // namespace
}  // namespace glid
