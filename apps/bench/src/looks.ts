/** How the line of an architecture is drawn. */
export interface Look {
  color: string;
  /** An SVG stroke-dasharray. */
  dashes: string;
}

/** All stand out from white, and from each other for most eyes. */
const colors = ['#1f6fb4', '#c8500a', '#2a8a57', '#8e44ad', '#a87900', '#c2185b', '#566573', '#00818a'];
const dashes = ['none', '6 3', '2 3'];

/** The look of the architecture at a place of the comparison. */
export function lookOf(place: number): Look {
  const round = Math.floor(place / colors.length);
  return {color: colors[place % colors.length], dashes: dashes[round % dashes.length]};
}
