// SPDX-License-Identifier: Apache-2.0
// WebGL2: a dot each, and over them the pictures that have room. Thumbnails lie in one texture of layers, a layer a page of the atlas.
const DOT_VERTEX = `#version 300 es
layout(location = 0) in vec2 place;
layout(location = 1) in vec4 colour;
uniform vec2 middle, scale;
uniform float size;
out vec4 tint;
void main() {
  gl_Position = vec4((place - middle) * scale, 0, 1);
  gl_PointSize = colour.a > 0.5 ? size : size * 0.75;
  tint = colour;
}`;
const DOT_FRAGMENT = `#version 300 es
precision highp float;
in vec4 tint;
uniform float size;
out vec4 colour;
void main() {
  float r = length(gl_PointCoord - 0.5) * 2.0;
  colour = vec4(tint.rgb, 1) * tint.a * (1.0 - smoothstep(1.0 - 2.0 / size, 1.0, r));
}`;
// Four corners by number; a frame of the dot's colour lies round the picture.
const PICTURE_VERTEX = `#version 300 es
layout(location = 0) in vec2 place;
layout(location = 1) in vec4 tile;
layout(location = 2) in vec4 look;
layout(location = 3) in vec3 frame;
uniform vec2 middle, scale, pixel;
uniform float edge;
out vec2 at;
flat out vec4 source, shown;
flat out vec3 rim;
flat out vec2 inside;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  inside = look.xy;
  at = corner * (inside + 2.0 * edge) - edge;
  vec2 shift = (corner - 0.5) * (inside + 2.0 * edge) * pixel;
  gl_Position = vec4((place - middle) * scale + vec2(shift.x, -shift.y), 0, 1);
  source = tile;
  shown = look;
  rim = frame;
}`;
const PICTURE_FRAGMENT = `#version 300 es
precision highp float;
precision highp sampler2DArray;
in vec2 at;
flat in vec4 source, shown;
flat in vec3 rim;
flat in vec2 inside;
uniform sampler2DArray atlas;
uniform float side;
out vec4 colour;
void main() {
  vec2 part = clamp(at / inside, 0.0, 1.0);
  vec2 texel = source.xy + clamp(part * source.zw, vec2(0.5), source.zw - 0.5);
  vec3 level = texture(atlas, vec3(texel / side, shown.z)).rgb;
  bool out_of_it = any(lessThan(at, vec2(0))) || any(greaterThan(at, inside));
  colour = vec4(out_of_it ? rim : level, 1) * shown.w;
}`;

const INSTANCE = 13, INSTANCES_MOST = 6000; // numbers a picture: place, tile, size, layer, opacity, frame

const tileInfo = data.getElementById("map-sizes");
const tile = tileInfo ? +tileInfo.dataset.tile : 0, tileColumns = tileInfo ? +tileInfo.dataset.columns : 1;
const tilesAPage = tileInfo ? tileColumns * +tileInfo.dataset.rows : 1, pageSide = tile * tileColumns;
const tileSizes = tileInfo ? bytesOf(tileInfo) : new Uint8Array(2 * count);
const bitmaps = []; // a page each, once it is decoded

function tileOf(i) {
  const at = i % tilesAPage;
  return {
    page: Math.floor(i / tilesAPage), x: (at % tileColumns) * tile, y: Math.floor(at / tileColumns) * tile,
    width: tileSizes[2 * i] + 1, height: tileSizes[2 * i + 1] + 1,
  };
}

function program(gl, vertex, fragment) {
  const p = gl.createProgram();
  for (const [type, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(p, shader);
  }
  gl.linkProgram(p);
  if (!gl.getProgramParameter(p, gl.LINK_STATUS)) throw new Error("the map's program does not link: " + gl.getProgramInfoLog(p));
  const uniforms = {};
  for (let i = 0; i < gl.getProgramParameter(p, gl.ACTIVE_UNIFORMS); i++) {
    const name = gl.getActiveUniform(p, i).name;
    uniforms[name] = gl.getUniformLocation(p, name);
  }
  return { p, uniforms };
}

function attribute(gl, location, size, type, normalized, stride, offset, divisor) {
  gl.enableVertexAttribArray(location);
  gl.vertexAttribPointer(location, size, type, normalized, stride, offset);
  gl.vertexAttribDivisor(location, divisor);
}

// Everything of WebGL; null where there is none.
function makeDrawing(canvas) {
  const gl = canvas.getContext("webgl2", { antialias: false, alpha: false, powerPreference: "high-performance" });
  if (!gl) return null;
  const dots = program(gl, DOT_VERTEX, DOT_FRAGMENT), quads = program(gl, PICTURE_VERTEX, PICTURE_FRAGMENT);
  const dotArrays = gl.createVertexArray(), quadArrays = gl.createVertexArray();
  const colours = new Uint8Array(4 * count), colourBuffer = gl.createBuffer();
  gl.bindVertexArray(dotArrays);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, places, gl.STATIC_DRAW);
  attribute(gl, 0, 2, gl.FLOAT, false, 0, 0, 0);
  gl.bindBuffer(gl.ARRAY_BUFFER, colourBuffer);
  gl.bufferData(gl.ARRAY_BUFFER, colours.length, gl.DYNAMIC_DRAW);
  attribute(gl, 1, 4, gl.UNSIGNED_BYTE, true, 0, 0, 0);
  const instances = new Float32Array(INSTANCE * INSTANCES_MOST), instanceBuffer = gl.createBuffer();
  gl.bindVertexArray(quadArrays);
  gl.bindBuffer(gl.ARRAY_BUFFER, instanceBuffer);
  gl.bufferData(gl.ARRAY_BUFFER, instances.byteLength, gl.DYNAMIC_DRAW);
  const sizes = [2, 4, 4, 3];
  sizes.forEach((size, k) => {
    attribute(gl, k, size, gl.FLOAT, false, 4 * INSTANCE, 4 * sizes.slice(0, k).reduce((a, b) => a + b, 0), 1);
  });
  gl.bindVertexArray(null);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  return { gl, dots, quads, dotArrays, quadArrays, colours, colourBuffer, instances, instanceBuffer, paper: [1, 1, 1], ready: false };
}

// Colours of the dots; lit (NULL: all) says which stand out.
function paintDots(d, coloring, dark, lit) {
  for (let i = 0; i < count; i++) {
    const [r, g, b] = colourOf(coloring, i, dark);
    d.colours.set([r, g, b, !lit || lit[i] ? 235 : 34], 4 * i);
  }
  d.gl.bindBuffer(d.gl.ARRAY_BUFFER, d.colourBuffer);
  d.gl.bufferSubData(d.gl.ARRAY_BUFFER, 0, d.colours);
}

function setUniforms(gl, uniforms, view) {
  gl.uniform2f(uniforms.middle, view.x, view.y);
  gl.uniform2f(uniforms.scale, 2 * view.zoom / view.width, -2 * view.zoom / view.height);
}

function drawAll(d, view, dotSize, shown) {
  const { gl } = d, ratio = gl.drawingBufferWidth / view.width;
  gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
  gl.clearColor(...d.paper, 1);
  gl.clear(gl.COLOR_BUFFER_BIT);
  gl.useProgram(d.dots.p);
  setUniforms(gl, d.dots.uniforms, view);
  gl.uniform1f(d.dots.uniforms.size, dotSize * ratio);
  gl.bindVertexArray(d.dotArrays);
  gl.drawArrays(gl.POINTS, 0, count);
  if (!shown) return;
  gl.useProgram(d.quads.p);
  setUniforms(gl, d.quads.uniforms, view);
  gl.uniform2f(d.quads.uniforms.pixel, 2 / view.width, 2 / view.height);
  gl.uniform1f(d.quads.uniforms.edge, 2);
  gl.uniform1f(d.quads.uniforms.side, pageSide);
  gl.bindVertexArray(d.quadArrays);
  gl.bindBuffer(gl.ARRAY_BUFFER, d.instanceBuffer);
  gl.bufferSubData(gl.ARRAY_BUFFER, 0, d.instances, 0, INSTANCE * shown);
  gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, shown);
}

// Decodes the pages of thumbnails and hands them to the graphics card, one after the other.
async function loadThumbnails(d, afterPage) {
  const elements = [...data.querySelectorAll(".map-page")];
  if (!elements.length) return;
  const gl = d?.gl;
  if (gl) {
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, gl.createTexture());
    gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 3, gl.RGBA8, pageSide, pageSide, elements.length);
    gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  }
  for (let page = 0; page < elements.length; page++) {
    const blob = new Blob([bytesOf(elements[page])], { type: "image/jpeg" });
    const bitmap = bitmaps[page] = await createImageBitmap(blob);
    if (gl) {
      gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, 0, 0, 0, page, bitmap.width, bitmap.height, 1, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
    }
    afterPage(page + 1, elements.length);
  }
  if (gl) {
    gl.generateMipmap(gl.TEXTURE_2D_ARRAY);
    d.ready = gl.getError() === gl.NO_ERROR;
  }
}

// Draws the thumbnail of picture i into a canvas element, as large as fits.
function paintThumb(canvas, i) {
  canvas.dataset.picture = i;
  const t = tileOf(i), bitmap = bitmaps[t.page], context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (!bitmap) return;
  const scale = Math.min(canvas.width / t.width, canvas.height / t.height);
  const width = t.width * scale, height = t.height * scale;
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, t.x, t.y, t.width, t.height, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
}
