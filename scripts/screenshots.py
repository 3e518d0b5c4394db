"""Make the README's pictures from the real thing: `python -m scripts.screenshots`.

A desktop of its own, a microphone of its own and `dictation run` on them; the mixed recording is
played, and the picture with the longest caption that stood before the text was finished is kept.
Needs what the tests need, and mousepad and xfce4-panel.
"""

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from Xlib import X
from Xlib.display import Display

from dictation.desktop.focus import Window
from scripts.page_pictures import page_pictures
from tests import pulse
from tests.desktop.apps import await_focus
from tests.end_to_end.watching import caption_picture
from tests.hands import Hands
from tests.recordings import recordings
from tests.running import RunningDaemon, daemon_of, write_config
from tests.screen import number, screen_colours
from tests.xsession import XSession, wait_until, xsession

WIDTH, HEIGHT = 1000, 600
EDITOR = (48, 34, WIDTH - 96, 396)
TERMINAL_CELLS = "118x19"
NOTES = """\
# 周三联调记录

- 登录接口已经上线，token 有效期改成两个小时。
- The retry logic now backs off exponentially; see the pull request.
- 明天上午十点和前端一起过一遍 checkout 流程。
- Staging 环境还缺一个 Redis 实例，下午补上。

"""


@dataclass(frozen=True)
class Look:
    """The colours of a desktop: wallpaper from corner to corner, and its programs."""

    name: str
    gtk_theme: str
    corners: tuple[str, str, str]


LOOKS = (
    Look("dark", "Adwaita:dark", ("#1c2b4a", "#2b4a6f", "#4a3f6b")),
    Look("light", "Adwaita", ("#a8c8e8", "#c9dcf0", "#e8d5c4")),
)

_PANEL = """\
<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="{dark}"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=8;x=0;y=0"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="36"/>
      <property name="icon-size" type="uint" value="24"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
        <value type="int" value="3"/>
        <value type="int" value="4"/>
        <value type="int" value="5"/>
        <value type="int" value="6"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="tasklist">
      <property name="show-handle" type="bool" value="false"/>
      <property name="flat-buttons" type="bool" value="true"/>
    </property>
    <property name="plugin-2" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-3" type="string" value="systray">
      <property name="icon-size" type="uint" value="24"/>
    </property>
    <property name="plugin-4" type="string" value="separator">
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-6" type="string" value="separator">
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-5" type="string" value="clock">
      <property name="mode" type="uint" value="2"/>
      <property name="digital-layout" type="uint" value="3"/>
      <property name="digital-time-format" type="string" value="%H:%M"/>
      <property name="digital-time-font" type="string" value="Noto Sans CJK SC 11"/>
    </property>
  </property>
</channel>
"""

_KEYFILE = """\
[org/xfce/mousepad/preferences/view]
word-wrap=true
use-default-monospace-font=false
font-name='Noto Sans Mono CJK SC 13'
[org/xfce/mousepad/preferences/window]
client-side-decorations=true
path-in-title=false
statusbar-visible=false
menubar-visible=false
"""

_STYLE = "textview { padding: 10px 0; }"


def main() -> None:
    """Make all pictures, or those asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="starter", help="a model's name or folder")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument(
        "pictures", nargs="*", help="dark, light, demo, menus, settings, page; all by default"
    )
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    wanted = set(options.pictures) or {"dark", "light", "demo", "menus", "settings", "page"}
    for look in LOOKS:
        if look.name in wanted:
            speaking, landed = dictated(look, options.model)
            save(speaking, options.out / f"captions-{look.name}.png")
            if look.name == "light":
                save(landed, options.out / "text-light.png")
    if "menus" in wanted:
        for language, submenu in (("en", 5), ("zh", 9)):
            save(tray_menu(options.model, language, submenu), options.out / f"tray-{language}.png")
    if "settings" in wanted:
        save(settings_window(options.model), options.out / "settings.png")
    if "demo" in wanted:
        save(terminal(options.model), options.out / "demo.png")
    if "page" in wanted:
        for name, picture in page_pictures(options.model):
            save(picture, options.out / f"{name}.png")


def dictated(look: Look, model: str) -> tuple[Image.Image, Image.Image]:
    """The desktop while the mixed recording is spoken, and once its text is in the editor."""
    with (
        xsession(size=f"{WIDTH}x{HEIGHT}") as session,
        pulse.virtual_microphone() as microphone,
        Hands(session.display) as hands,
    ):
        paint_wallpaper(session.display, look)
        start_panel(session, look)
        daemon = start_daemon(session, microphone, model, f'[captions]\ntheme = "{look.name}"\n')
        try:
            open_editor(session, hands)
            hands.press("F9")
            daemon.wait_for("listening")
            player = microphone.start_playing(recordings()["mixed"].path)
            daemon.wait_for("speaking")
            picture = longest_caption(session.display, daemon)
            player.wait(60)
            hands.release("F9")
            daemon.wait_for("idle")
            time.sleep(0.3)  # the editor paints; the caption lingers for 1.5 s
            landed = screen(session.display)
        finally:
            daemon.end()
    return picture, landed


def tray_menu(model: str, language: str, submenu: int) -> Image.Image:
    """The tray's menu with one submenu open, after three texts have been said."""
    look = LOOKS[1]
    with (
        xsession(size=f"{WIDTH}x{HEIGHT}") as session,
        pulse.virtual_microphone() as microphone,
        Hands(session.display) as hands,
    ):
        paint_wallpaper(session.display, look)
        start_panel(session, look)
        daemon = start_daemon(session, microphone, model, f'[interface]\nlanguage = "{language}"\n')
        try:
            open_editor(session, hands)
            for name in ("mandarin", "english", "mixed"):
                say(daemon, microphone, name)
            x, y = wait_until(lambda: icon_place(session.display), "the icon")
            hands.click(x, y, button=3)
            time.sleep(1.0)
            for _ in range(submenu):
                hands.tap("Down")
                time.sleep(0.1)
            hands.tap("Right")
            time.sleep(0.7)
            picture = screen(session.display)
        finally:
            daemon.end()
    return picture.crop((WIDTH - 620, 140, WIDTH, HEIGHT))


def settings_window(model: str) -> Image.Image:
    """The first page of the settings window while somebody speaks into it."""
    with (
        xsession(size="1000x720") as session,
        pulse.virtual_microphone() as microphone,
    ):
        daemon = start_daemon(session, microphone, model, "[captions]\nenabled = false\n")
        try:
            config = str(session.folder / "config.toml")
            session.spawn(
                [sys.executable, "-m", "dictation", "settings", "--config", config],
                env={"PYTHONPATH": str(Path.cwd())},
            )
            window = await_focus(session, "Dictation-settings")
            time.sleep(1.5)
            say(daemon, microphone, "english")
            time.sleep(1.0)
            daemon.command("start")
            player = microphone.start_playing(recordings()["mixed"].path)
            while (status := daemon.status()) is not None and len(status.caption or "") < 30:
                time.sleep(0.05)
            time.sleep(0.3)
            picture = screen(session.display)
            player.terminate()
            connection = Display(session.display)
            found = connection.create_resource_object("window", window.id)
            size, root = found.get_geometry(), connection.screen().root
            corner = root.translate_coords(found, 0, 0)
            connection.close()
        finally:
            daemon.end()
    return picture.crop((corner.x, corner.y, corner.x + size.width, corner.y + size.height))


def start_daemon(
    session: XSession, microphone: pulse.VirtualMicrophone, model: str, settings: str
) -> RunningDaemon:
    """Run Dictation with the virtual microphone, ready to listen."""
    daemon = daemon_of(session, microphone, write_config(session.folder, model, settings))
    session.env |= daemon.env
    daemon.start()
    daemon.wait_for("idle")
    return daemon


def say(daemon: RunningDaemon, microphone: pulse.VirtualMicrophone, name: str) -> None:
    """Dictate one of the bundled recordings."""
    daemon.command("start")
    microphone.play(recordings()[name].path)
    time.sleep(0.8)
    daemon.command("stop")
    daemon.wait_for("idle")


def icon_place(display: str) -> tuple[int, int] | None:
    """The middle of the idle icon in the panel, by its colour."""
    top = HEIGHT - 36
    rows, columns = np.nonzero(screen_colours(display)[top:] == number("#3d4655"))
    return (int(np.median(columns)), top + int(np.median(rows))) if len(rows) > 30 else None


def longest_caption(display: str, daemon: RunningDaemon) -> Image.Image:
    """The screen with the last caption before the utterance was over."""
    connection = Display(display)
    best, words = screen(display), ""
    try:
        while (status := daemon.status()) is not None and status.status == "speaking":
            if status.caption and status.caption != words:
                drawn = caption_picture(connection)
                time.sleep(0.15)  # until the window has been painted
                fresh = screen(display)
                after = daemon.status()
                whole = drawn is not None and caption_picture(connection) is not None
                if whole and after is not None and after.status == "speaking":
                    best, words = fresh, status.caption
            time.sleep(0.02)
    finally:
        connection.close()
    print(f"caption: {words}")
    return best


def terminal(model: str) -> Image.Image:
    """A terminal in which `dictation demo` has run."""
    with xsession(window_manager=None, size="1400x900") as session:
        config = session.folder / "config.toml"
        config.write_text(f'[model]\nname = "{model}"\n', encoding="utf-8")
        done = session.folder / "done"
        command = (
            "printf '\\033[1;32m$\\033[0m dictation demo\\n'; "
            f"'{sys.executable}' -m dictation demo --silent --config '{config}'; "
            f"printf '\\033[1;32m$\\033[0m '; touch '{done}'; sleep 600"
        )
        session.spawn(
            ["xterm", "-fa", "DejaVu Sans Mono", "-fd", "Noto Sans Mono CJK SC", "-fs", "10",
             "-geometry", TERMINAL_CELLS, "-b", "18", "-bw", "0", "-bg", "#1a1d24",
             "-fg", "#e6e9ef", "+sb", "-u8", "-xrm", "*boldColors: false",
             "-xrm", "*directColor: true", "-tn", "xterm-256color", "-e", "sh", "-c", command],
            env={"COLORTERM": "truecolor", "PWD": str(Path.cwd())},
        )  # fmt: skip
        wait_until(done.exists, "the demo to end", 300)
        time.sleep(0.5)  # until the terminal has painted the rest
        return window_picture(session.display)


def window_picture(display: str) -> Image.Image:
    """The only window of a display."""
    connection = Display(display)
    try:
        (window,) = connection.screen().root.query_tree().children
        size = window.get_geometry()
        return screen(display).crop((size.x, size.y, size.x + size.width, size.y + size.height))
    finally:
        connection.close()


def screen(display: str) -> Image.Image:
    """What the screen shows."""
    colours = screen_colours(display)
    height, width = colours.shape
    return Image.frombytes("RGB", (width, height), colours.tobytes(), "raw", "BGRX")


def paint_wallpaper(display: str, look: Look) -> None:
    """Give the root window a soft gradient."""
    small = Image.new("RGB", (3, 2))
    first, second, third = look.corners
    for place, colour in (
        ((0, 0), first), ((1, 0), first), ((2, 0), second),
        ((0, 1), second), ((1, 1), third), ((2, 1), third),
    ):  # fmt: skip
        small.paste(colour, (*place, place[0] + 1, place[1] + 1))
    wallpaper = small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    wallpaper = wallpaper.filter(ImageFilter.GaussianBlur(40))
    connection = Display(display)
    root = connection.screen().root
    pixmap = root.create_pixmap(WIDTH, HEIGHT, connection.screen().root_depth)
    context = pixmap.create_gc()
    pixmap.put_pil_image(context, 0, 0, wallpaper)
    root.change_attributes(background_pixmap=pixmap)
    root.clear_area()
    for name in ("_XROOTPMAP_ID", "ESETROOT_PMAP_ID"):
        kind = connection.intern_atom("PIXMAP")
        root.change_property(connection.intern_atom(name), kind, 32, [pixmap.id])
    connection.set_close_down_mode(X.RetainPermanent)
    connection.close()


def start_panel(session: XSession, look: Look) -> None:
    """Start Xfce's panel with window buttons, tray and clock."""
    folder = Path(session.env["XDG_CONFIG_HOME"]) / "xfce4" / "xfconf" / "xfce-perchannel-xml"
    folder.mkdir(parents=True)
    dark = "true" if look.name == "dark" else "false"
    (folder / "xfce4-panel.xml").write_text(_PANEL.format(dark=dark), encoding="utf-8")
    session.env["GTK_THEME"] = look.gtk_theme
    session.start_panel("xfce4-panel")


def open_editor(session: XSession, hands: Hands) -> Window:
    """Open an editor with some notes, its cursor at their end."""
    settings = Path(session.env["XDG_CONFIG_HOME"]) / "glib-2.0" / "settings"
    settings.mkdir(parents=True)
    (settings / "keyfile").write_text(_KEYFILE, encoding="utf-8")
    style = Path(session.env["XDG_CONFIG_HOME"]) / "gtk-3.0"
    style.mkdir()
    (style / "gtk.css").write_text(_STYLE, encoding="utf-8")
    notes = session.folder / "notes.md"
    notes.write_text(NOTES, encoding="utf-8")
    # To root it shows a warning instead of a toolbar.
    user = ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.getuid() == 0 else []
    session.spawn(
        [*user, "mousepad", "--disable-server", str(notes)],
        env={"GSETTINGS_BACKEND": "keyfile"},
    )
    window = await_focus(session, "Mousepad")
    connection = Display(session.display)
    x, y, width, height = EDITOR
    found = connection.create_resource_object("window", window.id)
    found.configure(x=x, y=y, width=width, height=height)
    connection.sync()
    wait_until(lambda: found.get_geometry().width == width, "the editor's size")
    connection.close()
    hands.tap("Control_L", "End")
    return window


def save(picture: Image.Image, path: Path) -> None:
    """Write a small PNG."""
    picture.save(path, "PNG", optimize=True)
    print(f"{path}: {picture.width} x {picture.height}, {path.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
