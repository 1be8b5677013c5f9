namespace Hypervisor.Core.Diagnostics;

/// <summary>The version of hv, which Directory.Build.props has too; a test holds them together.</summary>
public static class ProductVersion
{
    /// <summary>First number.</summary>
    public const ushort Major = 0;

    /// <summary>Second number.</summary>
    public const ushort Minor = 1;

    /// <summary>Third number.</summary>
    public const ushort Patch = 0;

    /// <summary>All three, 16 bits each.</summary>
    public const ulong Packed = ((ulong)Major << 32) | ((ulong)Minor << 16) | Patch;
}
