using System;

namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>A path as it stands in byte code (NameString, ACPI 6.5 §20.2.2).</summary>
internal readonly struct AmlPath
{
    private AmlPath(bool isAbsolute, int parents, int first, int count)
    {
        IsAbsolute = isAbsolute;
        Parents = parents;
        First = first;
        Count = count;
    }

    /// <summary>Whether it begins at the root.</summary>
    internal bool IsAbsolute { get; }

    /// <summary>How many scopes it goes up first.</summary>
    internal int Parents { get; }

    /// <summary>Where its first name stands.</summary>
    internal int First { get; }

    /// <summary>How many names it has, 0 to 255.</summary>
    internal int Count { get; }

    /// <summary>Where its last name stands; only where there is one.</summary>
    internal int Last => First + ((Count - 1) * AmlName.Size);

    /// <summary>Whether it is a name alone, which is looked for in the scopes around too (ACPI 6.5 §5.3).</summary>
    internal bool IsSearched => Count == 1 && !IsAbsolute && Parents == 0;

    /// <summary>Reads a path.</summary>
    /// <param name="code">The table.</param>
    /// <param name="at">Where it stands; behind it afterwards.</param>
    /// <param name="end">Where what holds it ends.</param>
    /// <param name="path">The path.</param>
    /// <returns>False where there is none, or it would go on beyond the end; <paramref name="at"/> is then where it was.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> code, ref int at, int end, out AmlPath path)
    {
        int next = at;
        bool absolute = false;
        int parents = 0;
        if (next < end && code[next] == AmlName.Root)
        {
            absolute = true;
            next++;
        }

        while (next < end && code[next] == AmlName.Parent)
        {
            parents++;
            next++;
        }

        path = default;
        int count = ReadCount(code, ref next, end);
        if (count < 0 || count * AmlName.Size > end - next)
        {
            return false;
        }

        path = new AmlPath(absolute, parents, next, count);
        at = next + (count * AmlName.Size);
        return true;
    }

    /// <summary>One of its names.</summary>
    internal uint Name(ReadOnlySpan<byte> code, int index) => AcpiTables.Read32(code, First + (index * AmlName.Size));

    private static int ReadCount(ReadOnlySpan<byte> code, ref int next, int end)
    {
        if (next >= end)
        {
            return -1;
        }

        byte lead = code[next];
        if (AmlName.IsLead(lead))
        {
            return 1;
        }

        next++;
        switch (lead)
        {
            case 0:
                return 0;
            case AmlName.DualPrefix:
                return 2;
            case AmlName.MultiPrefix when next < end:
                return code[next++];
            default:
                return -1;
        }
    }
}
