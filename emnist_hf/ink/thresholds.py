"""Every threshold between a picture and its ink, named and frozen, a group for each step that asks.

Levels are of 0 to 255, coverage and contrast of 0 (paper) to 1 (ink), sides, depths and widths in pixels. What was
fitted stands beside what uses it: `polarity.WEIGHTS` and `glyph.EMNIST`.
"""

from __future__ import annotations

from dataclasses import dataclass

PAGE_SIDE = 2000
"""Longest side, in pixels, at which ink is looked for; a page of handwriting stays legible at it."""

CHARACTER_SIDE = 1000
"""The same where there is one character."""

GLANCE_SIDE = 400
"""The same where it is looked for at a glance: most people draw and photograph it large."""

GLANCE_INK = 96
"""Longest side of a character's ink, in pixels, from which a glance is enough: glyphs are made from 91."""

GLANCE_PEN = 1.6
"""Width of its strokes from which it is: of finer ones shrinking leaves gaps."""


@dataclass(frozen=True)
class Extraction:
    """What `extract.to_ink` and its parts go by."""

    least_side: int = 3  # of a picture with room for a stroke
    inked: float = 0.5  # coverage that ink exceeds somewhere
    core: float = 0.8  # coverage beyond which a pixel shows the ink's colour alone
    median: int = 5  # side of the median filter that takes specks out
    sample: int = 20_000  # pixels that are looked at where all would take too long
    decision_side: int = 1000  # longest side at which paper is judged
    apart: float = 5  # levels between two colours at the least: what is nearer is the steps of one
    least_range: float = 3  # levels between the darkest and the lightest of more than one colour
    two_colours: float = 0.75  # share of the variance that lies between two colours, where they are paper and ink
    haze: float = 0.15  # share of a stroke's contrast that uneven light alone may make
    grain_side: int = 48  # shorter side from which grain is told
    grain: float = 0.3  # spread of the means of 4x4 pixels, to that of the pixels, below which they are noise


@dataclass(frozen=True)
class Doubts:
    """What `doubts` goes by: what else than a pen makes contrast."""

    least_side: int = 64  # shorter side of a picture that shows it
    edges: tuple[float, float] = (0.35, 0.65)  # coverage on the edge of a stroke
    sharpest: float = 95  # percentile of the slopes along the edges: a shadow's may be longer than the writing's
    calm: float = 1.0  # standard deviation of the smoothing before they are
    slope: float = 0.14  # rise of coverage a pixel below which an edge is no pen's, in a picture of `slope_side`
    faint: float = 0.1  # contrast below which ink must have sharper edges, or it shines through from the back
    faint_slope: float = 0.235  # rise of coverage a pixel of such
    fold: float = 0.15  # contrast below which what reaches from one side to another was folded, not written
    soft_fold: float = 0.25  # the same where it has no edges
    scrap: float = 0.05  # share of all ink that a piece apart from such may have
    margin: float = 0.15  # of the picture's sides, within which a shadow's edge leaves remnants
    remnant: float = 0.35  # length of the longest, of the picture's longer side
    thin: float = 0.05  # width of what lies on a line across the picture, of its length
    broken: float = 0.75  # share of that line that ink covers at the most
    slope_side: int = 1000  # longest side up to which edges are as steep


@dataclass(frozen=True)
class Strokes:
    """What `normalise` goes by: which contrast is strokes, and how much of it is full ink."""

    smooth_side: int = 64  # shorter side up to which a picture has no pixels to spare for smoothing
    smooth: float = 1.0  # standard deviation of that smoothing
    trace: float = 0.01  # contrast of what may be ink at all
    strongest: float = 99.5  # percentile of such contrast that the strongest strokes reach
    apart: int = 9  # pixels between two that tell of the noise where the light is uneven
    calm: float = 0.4  # of the strongest: below it, contrast is the paper's, and its spread the noise
    least: float = 0.03  # contrast of the strongest strokes
    even_noise: float = 6  # the same in standard deviations of the noise, on even paper
    uneven_noise: float = 8  # and where the light is uneven
    shows: float = 4.5  # the same from which something is there, if too faint
    faintest: float = 1 / 6  # contrast of a stroke's core, of the strongest; what is below it is a smudge
    hazes: float = 1.7  # the same, in what the light alone may make
    from_least: float = 0.5  # contrast of a stroke's outskirts, of the least for the strongest strokes
    from_core: float = 0.4  # and of the least for a core
    few_specks: int = 50  # that may be all there is before they are said to drown the writing
    many_specks: int = 300  # that may lie beside strokes
    specks_a_stroke: int = 20  # that may lie beside each stroke
    most: int = 7_000  # strokes, dots and broken ones among them: no page has more, such a picture is noise
    soft: int = 5  # side of the square by which a stroke's contrast reaches over its soft edge
    toe: float = 2 / 255  # contrast that counts as paper
    toe_noise: float = 2.5  # the same in standard deviations of the noise
    full: float = 0.97  # of its core's contrast, from which a stroke is full ink
    small: int = 4096  # pixels of a picture in which a stroke may be of `small_area`
    small_area: int = 2  # least pixels of a stroke in such a picture
    area: int = 6  # and in larger ones
    of_largest: float = 0.004  # least area of a stroke, of the largest one's
    any_area: int = 40  # pixels that are a stroke however large others are


@dataclass(frozen=True)
class Paper:
    """What `paper.even_paper` and `paper.uneven_contrast` go by."""

    small_side: int = 64  # shorter side below which a shadow does not matter, and paper may be little but edge
    crisp: float = 150  # levels between ink and paper beyond which they are black and white, not light and shadow
    evenness: tuple[float, float] = (0.2, 24)  # range of paper: of its contrast with crisp ink, else in levels
    small_evenness: tuple[float, float] = (0.7, 60)  # the same for small pictures
    steady: float = 24  # range of levels that soft edges need not account for
    outside: float = 5  # per cent of the levels, at either end, that do not count
    shade: float = 0.2  # greatest depth of ink, of the longer side: what is deeper is half a picture in the shade
    wide: float = 0.15  # depth of ink, of the shorter side, from which it must be plain to be a stroke
    plain_outside: float = 0.5  # per cent of the levels of such ink and its paper that do not count
    plain_range: float = 40  # levels of their range: what has more is a shadow or a desk
    edge: tuple[float, float, float] = (2.5, 0.4, 8)  # depth of a soft edge: at least, of the deepest, and at most
    edge_reach: float = 0.15  # depth to which soft edges are told from light, of the longer side
    edge_steps: int = 24  # into which that depth is parted
    least_contrast: float = 64  # levels from the paper to black (or white) that are full contrast at the least
    offset: float = 40  # levels added to keep the quotient by the light calm where there is next to none
    level: float = 200  # of the paper once it is divided by its light
    fit_side: int = 48  # to which a picture is shrunk for the fall of its light
    fit_rounds: int = 12  # of the robust fit
    fit_outlier: float = 2  # levels off the plane that are no outlier
    light_side: int = 640  # longest side at which light is looked for: it varies slowly
    closing: int = 8  # parts of the longer side that are closed away: strokes are narrower
    smooth: float = 1.5  # standard deviation of the smoothing before that
    written: float = 0.02  # contrast beyond which the paper under it is not seen
    written_noise: float = 3  # the same in standard deviations of the noise
    written_edge: int = 7  # side of the square by which what is written reaches over its soft edge
    finest: int = 3  # levels of the pyramid that would follow the grain of the paper


@dataclass(frozen=True)
class Cleaning:
    """What `cleaning` goes by: frames, specks and the border, none of which is writing."""

    inked: float = 0.3  # coverage of a component's pixels
    soft: int = 7  # side of the square by which a component reaches over its soft edge
    frame_side: int = 16  # shorter side from which a picture may have a frame
    frame_span: float = 0.7  # of either side of the picture that a frame spans
    frame_band: float = 0.06  # width of a frame, of its shorter side
    frame_content: float = 0.002  # share of the pixels inside that may belong to it
    frame_cover: float = 0.9  # of each of its sides
    frame_empty: float = 0.6  # share of the middle that whatever a frame is around inks at the most
    frames: int = 4  # one in another: a frame a little inside the border lies within a second one, of paper
    inside: int = 8  # least side of what is inside a frame
    written: float = 0.0005  # least share of the picture of what is written inside a frame, or apart from the border
    speck: float = 0.015  # area of a component, of the largest, below which it is a speck
    slender: float = 8  # how many times as long as wide a bar is: a 1 at the border, not a shade
    tight: float = 3  # how many times as high as wide, or as wide as high, what is cropped around a stroke
    shade_side: int = 64  # shorter side from which shades are told from strokes
    shade_solid: float = 0.94  # share of its convex hull that a shade fills
    shade_border: float = 0.4  # share of its outline that lies on the border
    inner: float = 0.05  # the same for what says where the ink inside the border lies


@dataclass(frozen=True)
class Sheet:
    """What `sheet.find_sheet` goes by."""

    least_side: int = 128  # shorter side of a picture from which a sheet is looked for
    side: int = 256  # longest side at which it is
    stroke: int = 11  # width of the widest strokes at that size
    least: float = 0.2  # share of the picture that a sheet takes up
    most: float = 0.97
    contrast: float = 0.8  # brightness of the table, of the paper's, at the most
    solid: float = 0.94  # share of its convex hull that a sheet fills: it is cut straight
    stretch: float = 0.06  # length of a stretch of the outline, of the whole
    sharp: float = 0.6  # share of each stretch where a third of the fall comes within two pixels: shadows end softly
    edge: int = 7  # side of the square that is taken off the sheet's edge
    mark: float = 0.15  # of the paper's brightness by which a mark on it is darker
    upright: float = 0.9  # share of its rectangle that a sheet fills which needs no marks to be told
    plate: float = 0.4  # share of the picture that a bare rectangle takes up, at the least
    bare: float = 0.985  # share of its box that it fills
    steep: int = 24  # levels between neighbours that tell of something beside it
    marked: float = 0.0005  # share of the picture where they may be
    alike: int = 10  # levels by which its shade differs from that of its middle, at the most
    marks: int = 4  # on it, at the least: else what is bright may be what is written, on something dark


@dataclass(frozen=True)
class Bars:
    """What `sheet.without_bars` goes by."""

    side: int = 256  # longest side at which bars are looked for
    reach: float = 0.2  # of the picture, within which a bar lies
    step: float = 14  # levels by which it differs from what it is beside
    outside: float = 2  # per cent of its edge that may be otherwise
    hem: int = 4  # rows of a frame too thin to be seen at that size, at the most
    line: int = 5  # rows beside the edge, more than twice those of a margin line, which has paper on either side


@dataclass(frozen=True)
class Islands:
    """What `islands.find_islands` goes by."""

    side: int = 256  # longest side at which they are looked for
    speck: int = 8  # pixels below which what is inland is a speck
    of_largest: float = 0.02  # area of an island, of the largest, at the least
    most: int = 8  # islands: more are a page, or noise
    page: float = 0.4  # score of many strokes, of the best of few, from which they are a page: noise has less
    least_extent: float = 0.02  # the same of one that counts
    extent: float = 0.1  # height or width of the largest, of the picture's longer side, at the least
    area: float = 0.4  # of the picture that all cover, at the most
    slender: float = 2.2  # how many times as long as wide the strokes are at the least: what is less is a blob
    small_slender: float = 3.5  # the same where they are not tall: the eye of a letter may be
    tall: float = 0.35  # height or width of tall ones, of the picture's longer side
    edges: float = 0.15  # share of the sharp edges of a picture that they have
    around: int = 7  # side of the square in which the paper beside a stroke's edge is seen
    dark: float = 8  # levels added so that black is not infinitely darker than what is nearly so
    weakest: float = 15  # percentile of how far the edge stands out that is taken for where it does least
    steadiness: float = 0.3  # how much an uneven width costs: the less, the more
    least_score: float = 0.2  # of strokes that are plain to see
    border: float = 0.7  # share of the border that ink seldom holds
    near: float = 0.02  # of the longer side, how far around a stroke its soft edge is looked for
    box: float = 0.06  # share of the picture from which a filled rectangle is a box rather than ink
    beside: float = 2  # of a stroke's half width, how far beside it paper is looked for
    wider: float = 1.2  # half width of that paper, of the stroke's, at the least
    goes_on: float = 0.35  # contrast of what goes on where a stroke ends, of the stroke's
    more: float = 1.03  # how much more ink that is, at the least
    enclosed: float = 0.95  # share of an eye that lies within the outline of its stroke
    held: float = 0.15  # share of the border from which more than ink may hold it
    filled: float = 0.5  # share of a box that is inked
    stem: float = 3.0  # how many times as long as wide a rectangle is a stroke and no box
    rectangle: float = 0.93  # share of its upright or turned rectangle that a box fills


@dataclass(frozen=True)
class Rulings:
    """What `rulings.without_lines` goes by."""

    least_side: int = 64  # shorter side of a picture with room for lines beside its character
    inked: float = 0.3  # coverage of a line's pixels
    edge: int = 4  # pixels from the border within which a line has reached it
    most_ends: int = 24  # runs of ink along the border: more are no lines
    longest_end: float = 0.12  # of such a run, of its side
    span: float = 0.3  # length of a line, of the shorter side, at the least
    filled: float = 0.7  # share of a line that is inked
    gone: float = 0.05  # share of lines that goes with them: of the bowl of an 8, which is no box, next to nothing
    thickest: float = 0.08  # of the shorter side
    bare: float = 30  # percentile of the runs across a line that no stroke lengthens
    level: float = 0.08  # tangent below which a line is level or upright, as print is
    thin: float = 0.65  # thickness of a line, of the strokes', that no stroke has
    fine: float = 0.025  # thickness of lines, of the longer side, that are no character where there is nothing else
    met: float = 0.08  # of the longer side, within which lines meet one another or a corner
    written: float = 0.13  # size of what is written, of the longer side
    core: float = 0.7  # length of the rows of a straight piece, of its longest
    box_side: float = 0.35  # side of a box, of the picture's
    margin: float = 0.7  # length of a margin line, of the picture's side
    aside: float = 0.22  # of that side, how far from the border it is at the most
    compact: float = 0.1  # lesser side of what is written across a fold, of the longer side
    tooth: float = 0.1  # length of a comb's tooth, of the picture's side
    as_thick: float = 1.3  # how many times as thick as its line a tooth is at the most, or as another a side of a box
    finer: float = 0.6  # the same at the least: a slanted stroke has thin pieces that are straight
    slender: float = 4  # how many times as long as thick what is left of a line is
    corner: float = 0.015  # of the longer side, how far ends may be from where they meet


EXTRACTION, STROKES, PAPER, CLEANING, SHEET = Extraction(), Strokes(), Paper(), Cleaning(), Sheet()
BARS, ISLANDS, RULINGS, DOUBTS = Bars(), Islands(), Rulings(), Doubts()
