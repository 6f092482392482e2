<?xml version="1.0" encoding="UTF-8"?>
<!-- How a browser shows the list of servers. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="html" encoding="UTF-8"/>
  <xsl:template match="/das2server">
    <html lang="en">
      <head>
        <title>das2 servers</title>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <!-- Beside this file, whose address only the list itself tells. -->
        <xsl:variable name="here" select="substring-before(substring-after(/processing-instruction('xml-stylesheet'), 'href=&quot;'), 'das2server.xsl')"/>
        <link rel="stylesheet" href="{$here}das2server.css"/>
      </head>
      <body class="body">
        <div class="header"><div class="hdr_center"><h1>das2 servers</h1></div></div>
        <div class="main">
          <table class="sources">
            <xsl:for-each select="peers/server">
              <tr>
                <td>
                  <xsl:choose>
                    <xsl:when test="url"><a href="{url}"><xsl:value-of select="name"/></a></xsl:when>
                    <xsl:otherwise><xsl:value-of select="name"/></xsl:otherwise>
                  </xsl:choose>
                </td>
                <td><xsl:value-of select="description"/></td>
              </tr>
            </xsl:for-each>
          </table>
        </div>
      </body>
    </html>
  </xsl:template>
</xsl:stylesheet>
