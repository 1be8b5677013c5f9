namespace Hypervisor.Core.Memory;

/// <summary>The rights that remain after some levels of a page walk: each level can only take some away.</summary>
/// <remarks>Intel SDM vol 3 §4.6; AMD APM vol 2 §5.6. The default value grants everything.</remarks>
public readonly struct PageRights
{
    private readonly bool _readOnly;
    private readonly bool _supervisorOnly;
    private readonly bool _noExecute;

    private PageRights(bool readOnly, bool supervisorOnly, bool noExecute)
    {
        _readOnly = readOnly;
        _supervisorOnly = supervisorOnly;
        _noExecute = noExecute;
    }

    /// <summary>The rights below one more entry.</summary>
    /// <param name="entry">The entry, present and without reserved bits, so that its NX bit is set only where it counts.</param>
    /// <returns>What is left.</returns>
    public PageRights Below(PageEntry entry) =>
        new(_readOnly | !entry.Writable, _supervisorOnly | !entry.User, _noExecute | entry.NoExecute);

    /// <summary>Whether an access may go on.</summary>
    /// <param name="state">The guest processor.</param>
    /// <param name="access">The access.</param>
    /// <returns>False for a protection fault.</returns>
    public bool Allow(in PagingState state, PageAccess access)
    {
        bool isSystem = access is PageAccess.SystemRead or PageAccess.SystemWrite;
        bool isWrite = access is PageAccess.Write or PageAccess.SystemWrite;
        if (state.IsUser && !isSystem)
        {
            return !_supervisorOnly && !(isWrite && _readOnly) && !(access == PageAccess.Fetch && _noExecute);
        }

        if (access == PageAccess.Fetch)
        {
            return !_noExecute && (_supervisorOnly || !state.Cr4.SupervisorExecutionPrevention);
        }

        // SMAP: only an explicit access at CPL 0 to 2 is excused by RFLAGS.AC.
        if (!_supervisorOnly && state.Cr4.SupervisorAccessPrevention && (isSystem || !state.AlignmentCheck))
        {
            return false;
        }

        return !isWrite || !_readOnly || !state.Cr0.WriteProtect;
    }
}
