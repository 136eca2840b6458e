/** This package's version, as in its package.json; a test holds the two together. */
export const PACKAGE_VERSION = '0.1.0'
