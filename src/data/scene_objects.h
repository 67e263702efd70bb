// Shapes with textures that bulge towards the camera: the objects of `plain` and `tasks` scenes.
#pragma once

#include <functional>
#include <numbers>
#include <vector>

#include "scene_canvas.h"

namespace glid::scene {

enum class Shape : int64_t { kCross, kDiamond, kEllipse, kRectangle, kStar, kTriangle };  // as kSceneClasses

struct Object {
  Shape shape;
  Vec2 centre, axis, half_size;  // pixels; `axis` is the direction of the local x
  float depth, bulge;            // metres, of the outline and from there to the centre
  Colour first, second;
  std::function<float(Vec2)> texture;  // how far the second colour shows, 0 to 1, over [-1, 1] x [-1, 1]

  Vec2 to_local(Vec2 p) const;
  Vec2 to_image(Vec2 local) const;
};

// Over what is farther. A pixel belongs to the object when its centre lies inside; only its colour is blended.
void paint_object(const Object& object, int owner, Vec2 light, Canvas& canvas);

// Objects far to near on their canvas: boxes, masks, joints, label, maps. Objects without a visible pixel are left out.
Targets describe_objects(const std::vector<Object>& objects, const Canvas& canvas);

// The slice of the depths between the nearest and the farthest that object i of n has to itself: where it ends.
struct DepthSlice {
  float depth, height;
};
DepthSlice depth_slice(int i, int count);

}  // namespace glid::scene
