using System;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Control.Boot;

/// <summary>EFI_LOAD_OPTION, the contents of Boot#### and Driver#### (UEFI 2.10 §3.1.3): attributes, length of the path, description, path, optional data.</summary>
internal readonly ref struct LoadOption
{
    /// <summary>Most bytes of an option that hvctl handles.</summary>
    public const int Capacity = 2048;

    /// <summary>Most bytes of an option's name.</summary>
    public const int NameCapacity = 16;

    private const uint Active = 1; // LOAD_OPTION_ACTIVE
    private const int PathLengthOffset = sizeof(uint);
    private const int DescriptionOffset = PathLengthOffset + sizeof(ushort);

    private LoadOption(ReadOnlySpan<byte> description, ReadOnlySpan<byte> path, ReadOnlySpan<byte> data, bool isActive)
    {
        Description = description;
        Path = path;
        Data = data;
        IsActive = isActive;
    }

    /// <summary>Description, UTF-16.</summary>
    public ReadOnlySpan<byte> Description { get; }

    /// <summary>Device path of the image.</summary>
    public ReadOnlySpan<byte> Path { get; }

    /// <summary>Optional data: the image's load options.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>Whether the firmware uses it.</summary>
    public bool IsActive { get; }

    /// <summary>Takes an option apart.</summary>
    /// <returns>False when the bytes are none.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out LoadOption option)
    {
        option = default;
        if (bytes.Length < DescriptionOffset)
        {
            return false;
        }

        int end = DescriptionOffset;
        while (end + sizeof(char) <= bytes.Length && LittleEndian.Read16(bytes, end) != 0)
        {
            end += sizeof(char);
        }

        int path = end + sizeof(char);
        int pathLength = LittleEndian.Read16(bytes, PathLengthOffset);
        if (path + pathLength > bytes.Length)
        {
            return false;
        }

        option = new LoadOption(
            bytes.Slice(DescriptionOffset, end - DescriptionOffset),
            bytes.Slice(path, pathLength),
            bytes.Slice(path + pathLength),
            (LittleEndian.Read32(bytes, 0) & Active) != 0);
        return true;
    }

    /// <summary>Puts an active option together.</summary>
    /// <param name="description">Description, ASCII.</param>
    /// <param name="path">Device path with its end node.</param>
    /// <param name="text">The image's load options, ASCII; they become zero-terminated UTF-16, or nothing where they are empty.</param>
    /// <param name="bytes">Where the option goes.</param>
    /// <returns>Its length; 0 when it does not fit.</returns>
    public static int Write(ReadOnlySpan<byte> description, ReadOnlySpan<byte> path, ReadOnlySpan<byte> text, Span<byte> bytes)
    {
        int data = text.IsEmpty ? 0 : (text.Length + 1) * sizeof(char);
        int pathOffset = DescriptionOffset + ((description.Length + 1) * sizeof(char));
        if (pathOffset + path.Length + data > bytes.Length)
        {
            return 0;
        }

        LittleEndian.Write32(bytes, 0, Active);
        LittleEndian.Write16(bytes, PathLengthOffset, (ushort)path.Length);
        Widen(description, bytes.Slice(DescriptionOffset));
        path.CopyTo(bytes.Slice(pathOffset));
        if (data != 0)
        {
            Widen(text, bytes.Slice(pathOffset + path.Length));
        }

        return pathOffset + path.Length + data;
    }

    /// <summary>The name of an option's variable: its kind, then four hexadecimal digits, letters large (UEFI 2.10 §3.3).</summary>
    public static ReadOnlySpan<byte> Name(ReadOnlySpan<byte> kind, ushort number, Span<byte> storage)
    {
        TextBuffer text = new(storage);
        text.Append(kind);
        text.AppendHex(number, 4);
        return storage.Slice(0, text.Length);
    }

    /// <summary>Whether the description is a text.</summary>
    public bool IsDescribedAs(ReadOnlySpan<byte> text)
    {
        if (Description.Length != text.Length * sizeof(char))
        {
            return false;
        }

        for (int i = 0; i < text.Length; i++)
        {
            if (LittleEndian.Read16(Description, i * sizeof(char)) != text[i])
            {
                return false;
            }
        }

        return true;
    }

    private static void Widen(ReadOnlySpan<byte> text, Span<byte> wide)
    {
        for (int i = 0; i < text.Length; i++)
        {
            LittleEndian.Write16(wide, i * sizeof(char), text[i]);
        }

        LittleEndian.Write16(wide, text.Length * sizeof(char), 0);
    }
}
