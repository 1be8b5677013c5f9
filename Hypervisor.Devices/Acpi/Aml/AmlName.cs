namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>Names of four letters as the number their bytes make, lowest first (NameSeg, ACPI 6.5 §20.2.2).</summary>
internal static class AmlName
{
    /// <summary>Bytes of a name.</summary>
    internal const int Size = 4;

    /// <summary>Begins an absolute path.</summary>
    internal const byte Root = (byte)'\\';

    /// <summary>Goes to the parent scope.</summary>
    internal const byte Parent = (byte)'^';

    /// <summary>Two names follow.</summary>
    internal const byte DualPrefix = 0x2E;

    /// <summary>A number follows, and as many names.</summary>
    internal const byte MultiPrefix = 0x2F;

    /// <summary>The object that names a device's kind.</summary>
    internal const uint HardwareId = '_' | ('H' << 8) | ('I' << 16) | ('D' << 24);

    /// <summary>The object that names kinds a device is compatible with.</summary>
    internal const uint CompatibleId = '_' | ('C' << 8) | ('I' << 16) | ('D' << 24);

    /// <summary>A device's present resources.</summary>
    internal const uint CurrentResources = '_' | ('C' << 8) | ('R' << 16) | ('S' << 24);

    /// <summary>The method that switches a device off.</summary>
    internal const uint Disable = '_' | ('D' << 8) | ('I' << 16) | ('S' << 24);

    /// <summary>The method by which byte code asks for the operating system, the one predefined method (ACPI 6.5 §5.7.2).</summary>
    internal const uint OperatingSystemInterface = '_' | ('O' << 8) | ('S' << 16) | ('I' << 24);

    private const uint SleepMask = 0xFF00_FFFF;
    private const uint SleepPattern = '_' | ('S' << 8) | ((uint)'_' << 24);

    /// <summary>Whether a path can begin with this byte.</summary>
    internal static bool StartsPath(byte value) => value is Root or Parent or DualPrefix or MultiPrefix || IsLead(value);

    /// <summary>Whether a name can begin with this byte: a capital or an underscore.</summary>
    internal static bool IsLead(byte value) => value is (>= (byte)'A' and <= (byte)'Z') or (byte)'_';

    /// <summary>The sleep state whose object has this name, 0 to 5; -1 for any other name.</summary>
    internal static int SleepState(uint name)
    {
        uint digit = ((name >> 16) & 0xFF) - '0';
        return (name & SleepMask) == SleepPattern && digit < SleepTypes.States ? (int)digit : -1;
    }

    /// <summary>Whether every definition of the name is kept, not only the first of each scope.</summary>
    internal static bool IsWatched(uint name) => name is Disable or CurrentResources;
}
