using System.Runtime.InteropServices;

namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_GUID: 128 bits, compared as two halves.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct EfiGuid(ulong low, ulong high)
{
    /// <summary>Data1 in bits 31:0, Data2 in 47:32, Data3 in 63:48.</summary>
    public readonly ulong Low = low;

    /// <summary>Data4, first byte lowest.</summary>
    public readonly ulong High = high;

    /// <summary>EFI_LOADED_IMAGE_PROTOCOL_GUID, 5B1B31A1-9562-11D2-8E3F-00A0C969723B (UEFI 2.10 §9.1).</summary>
    public static EfiGuid LoadedImage => new(0x11D2_9562_5B1B_31A1, 0x3B72_69C9_A000_3F8E);

    /// <summary>EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID, 964E5B22-6459-11D2-8E39-00A0C969723B (UEFI 2.10 §13.4).</summary>
    public static EfiGuid SimpleFileSystem => new(0x11D2_6459_964E_5B22, 0x3B72_69C9_A000_398E);

    /// <summary>EFI_DEVICE_PATH_PROTOCOL_GUID, 09576E91-6D3F-11D2-8E39-00A0C969723B (UEFI 2.10 §10.2).</summary>
    public static EfiGuid DevicePath => new(0x11D2_6D3F_0957_6E91, 0x3B72_69C9_A000_398E);

    /// <summary>EFI_ACPI_20_TABLE_GUID, 8868E871-E4F1-11D3-BC22-0080C73C8881 (UEFI 2.10 §4.6).</summary>
    public static EfiGuid Acpi20Table => new(0x11D3_E4F1_8868_E871, 0x8188_3CC7_8000_22BC);

    /// <summary>ACPI_TABLE_GUID of ACPI 1.0, EB9D2D30-2D88-11D3-9A16-0090273FC14D (UEFI 2.10 §4.6).</summary>
    public static EfiGuid Acpi10Table => new(0x11D3_2D88_EB9D_2D30, 0x4DC1_3F27_9000_169A);

    /// <summary>EFI_GLOBAL_VARIABLE, 8BE4DF61-93CA-11D2-AA0D-00E098032B8C (UEFI 2.10 §3.3).</summary>
    public static EfiGuid GlobalVariable => new(0x11D2_93CA_8BE4_DF61, 0x8C2B_0398_E000_0DAA);

    /// <summary>EFI_SHELL_PROTOCOL_GUID, 6302D008-7F9B-4F30-87AC-60C9FEF5DA4E (UEFI Shell 2.2 §2.2).</summary>
    public static EfiGuid Shell => new(0x4F30_7F9B_6302_D008, 0x4EDA_F5FE_C960_AC87);

    /// <summary>EFI_SHELL_PARAMETERS_PROTOCOL_GUID, 752F3136-4E16-4FDC-A22A-E5F46812F4CA (UEFI Shell 2.2 §2.3).</summary>
    public static EfiGuid ShellParameters => new(0x4FDC_4E16_752F_3136, 0xCAF4_1268_F4E5_2AA2);

    /// <summary>EFI_RNG_PROTOCOL_GUID, 3152BCA5-EADE-433D-862E-C01CDC291F44 (UEFI 2.10 §37.5).</summary>
    public static EfiGuid Random => new(0x433D_EADE_3152_BCA5, 0x441F_29DC_1CC0_2E86);

    /// <summary>The configuration table with records for the host, 5A0F3C9E-6B7D-4E21-8C44-D1B2A3F49607.</summary>
    public static EfiGuid HvRecords => new(0x4E21_6B7D_5A0F_3C9E, 0x0796_F4A3_B2D1_448C);

    /// <summary>The project's own name space: protocol and variables of hv, 7F4C2B10-5A3E-4D8C-9B1D-6876E7A1C0DE.</summary>
    public static EfiGuid Hv => new(0x4D8C_5A3E_7F4C_2B10, 0xDEC0_A1E7_7668_1D9B);

    /// <summary>Whether both are the same.</summary>
    public bool Matches(in EfiGuid other) => Low == other.Low && High == other.High;
}
