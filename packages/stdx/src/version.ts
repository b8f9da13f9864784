/** Of all of Moraine: its packages carry the same. */
export const VERSION = '0.1.0'
