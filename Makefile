# A thin door to Meson: what a user types. All build knowledge is in meson.build.
