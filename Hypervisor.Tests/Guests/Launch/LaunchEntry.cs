using System;
using System.Runtime;
using Hypervisor.Uefi.Loading;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Guests.Launch;

/// <summary>
/// Runs a list of EFI images one after the other, so that a machine needs no UEFI Shell and no count-down to get to its work. The list is
/// the file \launch.txt on the launcher's own volume; see <see cref="LaunchLine"/> for what a line may say.
/// </summary>
public static unsafe class LaunchEntry
{
    private const int ListCapacity = 8 * 1024;

    private struct ListBuffer
    {
        public fixed byte Bytes[ListCapacity];
    }

    private static ListBuffer s_list;

    /// <summary>Entry point (UEFI 2.10 §4.1).</summary>
    [RuntimeExport("EfiMain")]
    public static EfiStatus Main(void* imageHandle, EfiSystemTable* systemTable)
    {
        Firmware firmware = new(imageHandle, systemTable);
        fixed (byte* list = s_list.Bytes)
        {
            int length = ListFile.Read(firmware, list, ListCapacity);
            if (length == 0)
            {
                firmware.Print("launch: there is no \\launch.txt\n"u8);
                return EfiStatus.NotFound;
            }

            ImageStarter starter = new(firmware, imageHandle);
            ReadOnlySpan<byte> rest = new(list, length);
            while (!rest.IsEmpty)
            {
                if (!Run(LaunchLine.TakeFrom(ref rest), firmware, starter, systemTable->RuntimeServices))
                {
                    return EfiStatus.Aborted;
                }
            }
        }

        return EfiStatus.Success;
    }

    /// <summary>Carries out one line.</summary>
    /// <returns>Whether to go on with the next one.</returns>
    private static bool Run(LaunchLine line, Firmware firmware, ImageStarter starter, EfiRuntimeServices* runtime)
    {
        switch (line.Kind)
        {
            case LaunchLineKind.Empty:
                return true;
            case LaunchLineKind.PowerOff:
                runtime->ResetSystem(EfiResetType.Shutdown, EfiStatus.Success, 0, null);
                return false;
            case LaunchLineKind.Reset:
                runtime->ResetSystem(EfiResetType.Cold, EfiStatus.Success, 0, null);
                return false;
            case LaunchLineKind.Image:
            case LaunchLineKind.RequiredImage:
            default:
                break;
        }

        EfiStatus status = starter.Start(line);
        StatusLine.Print(firmware, line.Path, status);
        if (status == EfiStatus.Success || line.Kind != LaunchLineKind.RequiredImage)
        {
            return true;
        }

        firmware.Print("launch: stopped, for this image was required\n"u8);
        runtime->ResetSystem(EfiResetType.Shutdown, status, 0, null);
        return false;
    }
}
