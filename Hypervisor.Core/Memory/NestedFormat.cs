namespace Hypervisor.Core.Memory;

/// <summary>
/// How the guest's nested tables encode rights. Both vendors' tables have the same shape: 512 entries of eight bytes, address in bits 51:12, bit 0 for presence or
/// reading, bit 1 for writing, bit 7 for large pages.
/// </summary>
public struct NestedFormat
{
    /// <summary>An entry that points to a table below.</summary>
    public PageFlags Table;

    /// <summary>A page of guest memory.</summary>
    public PageFlags Full;

    /// <summary>A page that can be read and executed only.</summary>
    public PageFlags ReadOnly;

    /// <summary>Nested paging of SVM: the format of the host's own tables (AMD APM vol 2 §15.25.5).</summary>
    public static NestedFormat Svm => new() { Table = PageFlags.Table, Full = NestedTables.Full, ReadOnly = NestedTables.ReadOnly };
}
