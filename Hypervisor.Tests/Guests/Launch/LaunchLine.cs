using System;

namespace Hypervisor.Guests.Launch;

/// <summary>
/// One line of the list: <c>path options</c> starts an image with the rest of the line as its load options, <c>!path options</c> is one
/// without which the machine is switched off, <c>off</c> and <c>reset</c> do that, <c>#</c> begins a comment.
/// </summary>
public readonly ref struct LaunchLine
{
    private const byte Required = (byte)'!';
    private const byte Comment = (byte)'#';

    private LaunchLine(LaunchLineKind kind, ReadOnlySpan<byte> path, ReadOnlySpan<byte> options)
    {
        Kind = kind;
        Path = path;
        Options = options;
    }

    /// <summary>What is asked for.</summary>
    public LaunchLineKind Kind { get; }

    /// <summary>The image's path on the launcher's volume, with backslashes.</summary>
    public ReadOnlySpan<byte> Path { get; }

    /// <summary>Its load options; may be empty.</summary>
    public ReadOnlySpan<byte> Options { get; }

    /// <summary>Takes the first line off a text.</summary>
    public static LaunchLine TakeFrom(ref ReadOnlySpan<byte> text)
    {
        int end = IndexOf(text, (byte)'\n');
        ReadOnlySpan<byte> line = text.Slice(0, end);
        text = text.Slice(end == text.Length ? end : end + 1);
        return Parse(TrimEnd(line));
    }

    private static LaunchLine Parse(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty || line[0] == Comment)
        {
            return new LaunchLine(LaunchLineKind.Empty, default, default);
        }

        if (AreEqual(line, "off"u8))
        {
            return new LaunchLine(LaunchLineKind.PowerOff, default, default);
        }

        if (AreEqual(line, "reset"u8))
        {
            return new LaunchLine(LaunchLineKind.Reset, default, default);
        }

        bool required = line[0] == Required;
        ReadOnlySpan<byte> command = required ? line.Slice(1) : line;
        int end = IndexOf(command, (byte)' ');
        ReadOnlySpan<byte> options = command.Slice(end == command.Length ? end : end + 1);
        return new LaunchLine(required ? LaunchLineKind.RequiredImage : LaunchLineKind.Image, command.Slice(0, end), options);
    }

    private static ReadOnlySpan<byte> TrimEnd(ReadOnlySpan<byte> line)
    {
        int length = line.Length;
        while (length > 0 && line[length - 1] <= (byte)' ')
        {
            length--;
        }

        return line.Slice(0, length);
    }

    private static int IndexOf(ReadOnlySpan<byte> text, byte value)
    {
        int index = 0;
        while (index < text.Length && text[index] != value)
        {
            index++;
        }

        return index;
    }

    private static bool AreEqual(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (left.Length != right.Length)
        {
            return false;
        }

        for (int i = 0; i < left.Length; i++)
        {
            if (left[i] != right[i])
            {
                return false;
            }
        }

        return true;
    }
}
