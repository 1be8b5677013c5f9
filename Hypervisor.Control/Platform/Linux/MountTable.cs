using System;
using Hypervisor.Core.Configuration;

namespace Hypervisor.Control.Platform.Linux;

/// <summary>The FAT volumes that are mounted, from /proc/self/mountinfo (Linux, Documentation/filesystems/proc.rst §3.5).</summary>
internal static unsafe class MountTable
{
    private const int Capacity = 64 * 1024;
    private const int DeviceField = 2;
    private const int RootField = 3;
    private const int PointField = 4;

    private static Storage s_storage;

    private struct Storage
    {
        public fixed byte Text[Capacity];
    }

    /// <summary>Finds the volume a file is on.</summary>
    /// <param name="file">Absolute path of the file; or of the mount point itself.</param>
    /// <param name="major">Its device.</param>
    /// <param name="minor">Its device.</param>
    /// <param name="rest">The path on the volume, from the slash on.</param>
    /// <returns>False when the file is on no FAT volume.</returns>
    public static bool TryFind(ReadOnlySpan<byte> file, out uint major, out uint minor, out ReadOnlySpan<byte> rest)
    {
        major = 0;
        minor = 0;
        rest = default;
        int longest = -1;
        bool isFat = false;
        ReadOnlySpan<byte> lines = Read();
        while (!lines.IsEmpty)
        {
            ReadOnlySpan<byte> line = TakeLine(ref lines);
            ReadOnlySpan<byte> point = Field(line, PointField);
            // Of two at the same place the later one is what is seen.
            if (point.Length < longest || !IsBelow(file, point) || !AsciiText.Same(Field(line, RootField), "/"u8))
            {
                continue;
            }

            longest = point.Length;
            ReadOnlySpan<byte> type = TypeOf(line);
            isFat = AsciiText.Same(type, "vfat"u8) || AsciiText.Same(type, "msdos"u8);
            (major, minor) = DeviceOf(Field(line, DeviceField));
            rest = file.Slice(point.Length == 1 ? 0 : point.Length);
        }

        return isFat;
    }

    private static ReadOnlySpan<byte> Read()
    {
        fixed (byte* text = s_storage.Text)
        {
            int length = LinuxPlatform.ReadFile("/proc/self/mountinfo"u8, new Span<byte>(text, Capacity));
            return new ReadOnlySpan<byte>(text, Math.Max(length, 0));
        }
    }

    private static bool IsBelow(ReadOnlySpan<byte> file, ReadOnlySpan<byte> point) =>
        AsciiText.StartsWith(file, point) && (point.Length == 1 || file.Length == point.Length || file[point.Length] == '/');

    private static ReadOnlySpan<byte> TakeLine(ref ReadOnlySpan<byte> lines)
    {
        int end = AsciiText.IndexOf(lines, (byte)'\n');
        ReadOnlySpan<byte> line = lines.Slice(0, end < 0 ? lines.Length : end);
        lines = lines.Slice(end < 0 ? lines.Length : end + 1);
        return line;
    }

    private static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> line, int number)
    {
        for (int i = 0; i < number; i++)
        {
            int blank = AsciiText.IndexOf(line, (byte)' ');
            line = line.Slice(blank < 0 ? line.Length : blank + 1);
        }

        int end = AsciiText.IndexOf(line, (byte)' ');
        return line.Slice(0, end < 0 ? line.Length : end);
    }

    /// <summary>The type follows the dash, behind any number of optional fields.</summary>
    private static ReadOnlySpan<byte> TypeOf(ReadOnlySpan<byte> line)
    {
        for (int i = 0; i < line.Length; i++)
        {
            if (AsciiText.StartsWith(line.Slice(i), " - "u8))
            {
                return Field(line.Slice(i + 3), 0);
            }
        }

        return default;
    }

    private static (uint Major, uint Minor) DeviceOf(ReadOnlySpan<byte> text)
    {
        uint* numbers = stackalloc uint[2];
        numbers[0] = 0;
        numbers[1] = 0;
        int part = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == ':' && part == 0)
            {
                part = 1;
            }
            else if (text[i] is >= (byte)'0' and <= (byte)'9')
            {
                numbers[part] = (numbers[part] * 10) + text[i] - '0';
            }
        }

        return (numbers[0], numbers[1]);
    }
}
