"""What fine-tuning asks of glid_eager.py's model: learned queries or [CLS] alone, answered by heads."""
import dataclasses
from collections.abc import Callable

import torch
import torch.nn.functional as F

from glid_eager import UNIT_SIDE, Glid, Spread


@dataclasses.dataclass
class Question:
    """About a slice of the images."""
    images: slice
    rows: slice | None  # of the table of learned queries; None: [CLS]
    heads: list
    supervised: tuple = ()
    self_mask: torch.Tensor | None = None
    masked: str | None = None  # the head of masked attention, and its maps: (outputs [B, Q, ..], f^b) -> [B, Q, h, w]
    maps: Callable | None = None


class AskedGlid(Glid):
    def feature_map(self, pyramid, plan):
        """The finest level f^b of whole images, [B, height, width, d]."""
        size = self.config.grid * UNIT_SIDE
        rows = Spread.apply(pyramid[0], plan.image_rows[0], plan.image_inverse[0])
        return rows.view(plan.batch, size, size, self.config.width)

    def answer(self, pyramid, plan, question, features):
        """{head: [layers, B, Q, outputs]}."""
        memory = self.memory(pyramid, plan, question.images)
        count = memory[0][0].shape[0]
        cls = self.p["decoder.cls_token"].expand(count, 1, -1)
        places = torch.zeros_like(cls)
        if question.rows:
            places = self.p["decoder.query_embed"][question.rows].expand(count, -1, -1)

        def seen(decoded, level):
            """Mask2Former's: where a query's own mask is foreground, everything where it has none."""
            with torch.no_grad():
                z = self.head(f"heads.{question.masked}", decoded, question.rows)
                maps = question.maps(z, features[question.images])
                stage = 3 - level
                size = self.config.grid * (UNIT_SIDE >> stage)
                small = F.interpolate(maps, (size, size), mode="bilinear", align_corners=False).flatten(2)
                cells = plan.cells[stage].view(plan.batch, -1)[question.images]
                hidden = small.sigmoid().gather(2, cells[:, None].expand(-1, small.shape[1], -1)) < 0.5
                hidden[hidden.all(-1)] = False
                return ~hidden[:, None]

        decoded = self.run_decoder(cls, places, memory, question.self_mask, question.supervised,
                                   seen if question.masked else None)
        return {head: self.head(f"heads.{head}", decoded, question.rows) for head in question.heads}

    def head(self, at, x, rows):
        i = 1
        while f"{at}.hidden{i}.weight" in self.p:
            x, i = F.relu(self.linear(f"{at}.hidden{i}", x)), i + 1
        x = self.linear(at, x)
        if f"{at}.reference" not in self.p:
            return x
        return torch.cat([x[..., :2] + self.p[f"{at}.reference"][rows], x[..., 2:]], -1)
