using System;

namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>The memory that reading tables takes: all of it is given, none is allocated.</summary>
public readonly ref struct AmlWorkspace
{
    /// <summary>Room for nesting that is enough for any table in use: none of those known needs more than 32.</summary>
    public const int UsualDepth = 256;

    /// <summary>Room for findings that is enough for any machine in use.</summary>
    public const int UsualFindings = 64;

    private const int BytesPerName = 12;
    private const int SpareNames = 64;

    /// <summary>Names. <see cref="NamesFor"/> says how many.</summary>
    public Span<AmlNode> Names { get; init; }

    /// <summary>Operations that are being read, one for each level of nesting.</summary>
    public Span<AmlFrame> Frames { get; init; }

    /// <summary>Takes the places that define sleep states.</summary>
    public Span<SleepDefinition> SleepDefinitions { get; init; }

    /// <summary>Takes the serial ports.</summary>
    public Span<SerialDevice> SerialDevices { get; init; }

    /// <summary>Takes the methods that switch them off.</summary>
    public Span<DisableMethod> DisableMethods { get; init; }

    /// <summary>How many names there should be room for.</summary>
    /// <param name="bytes">Length of all tables together.</param>
    public static int NamesFor(int bytes) => SpareNames + (bytes / BytesPerName);
}
