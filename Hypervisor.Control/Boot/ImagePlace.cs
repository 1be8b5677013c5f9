using System;

namespace Hypervisor.Control.Boot;

/// <summary>Where an installation keeps the image.</summary>
internal static class ImagePlace
{
    /// <summary>The path on the EFI system partition (UEFI 2.10 §13.3.1.3: a folder of one's own below \EFI).</summary>
    public static ReadOnlySpan<byte> Default => @"\EFI\hv\hv.efi"u8;
}
